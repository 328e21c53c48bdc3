import { toOnnx } from '../../graph/onnx/write.ts'
import { input } from '../../graph/value.ts'
import { unet } from '../../networks/unet/unet.ts'
import { vaeFactor } from '../../networks/vae/config.ts'
import { openSession, type Session } from '../../runtime/session.ts'
import { f32, type Tensor } from '../../tensor/tensor.ts'
import type { Pipeline } from '../assemble.ts'
import type { CancelSignal } from '../cancel.ts'
import { type Conditioning, condition } from '../condition.ts'
import { addedInputs } from '../encoders.ts'
import { generate, type Picture } from '../generate.ts'
import { type Guide, plug } from '../guide.ts'
import { latentOf } from '../pairing.ts'
import { parametersOf } from '../parameters.ts'
import type { GenerateSettings } from '../settings.ts'
import { watched } from './changes.ts'
import { blockOf, type Change, type Effect, effectOf, type Heat, heatOf, type Strength, strengthOf } from './measure.ts'

/** What was seen of a guide in one call of the network. */
export interface Seen extends Effect {
  readonly timestep: number
  /** Of all changes together. */
  readonly all: Strength
  /** Of each block that it changes, in the order of a pass. */
  readonly blocks: ReadonlyMap<string, Strength & { readonly heat: Heat | undefined }>
}

/**
 * Looks at a guide at work. The session is for this alone: it also gives what the guide changes, summed over channels,
 * and takes no size but one. `paint` paints one picture with the guide, tells what is seen in each call of the network,
 * and gives the picture; each call takes three passes, as the base's own predictions are asked for beside the guide's.
 */
export interface Look extends AsyncDisposable {
  paint(guidance: number, onSeen: (seen: Seen) => void, signal?: CancelSignal): Promise<Picture>
}

/** Opens a look at a guide that was loaded for the pipeline's base. One session is held at a time beside text and VAE. */
export async function openLook(
  pipeline: Pipeline,
  guide: Guide,
  settings: Omit<GenerateSettings, 'method' | 'guidance' | 'count'>,
): Promise<Look> {
  const told = await condition(pipeline, { ...settings, guided: true })
  // Whatever was loaded to find out what the base predicts.
  await pipeline.sessions.release()
  const factor = vaeFactor(pipeline.vae)
  const { session, read } = await openWatched(
    pipeline,
    guide,
    [settings.height / factor, settings.width / factor],
    told.tokens,
  )
  return {
    async paint(guidance, onSeen, signal) {
      const seeing: Session = {
        async run(inputs) {
          const { results, changes } = await pass(inputs)
          const alone = async (feeds: Record<string, Tensor>) =>
            (await pass({ ...inputs, ...feeds, guidance: one })).results
          const [c, u] = [await alone({}), await alone(negativeOf(told))]
          const of = ({ prediction }: Record<string, Tensor>) => prediction?.data as Float32Array
          const timestep = Number(inputs.timestep?.data[0])
          onSeen({ timestep, ...seenIn(changes), ...effectOf(of(results), of(c), of(u), guidance) })
          return { prediction: results.prediction as Tensor }
        },
        release: () => Promise.resolve(),
      }
      const sessions = { ...pipeline.sessions, unet: () => Promise.resolve(seeing) }
      const all = { ...settings, guidance, method: 'guide', count: 1, refresh: 0 } as const
      for await (const picture of generate({ ...pipeline, sessions }, all, { guide, signal, traced: false }))
        return picture
      throw new Error('no picture was painted')
    },
    [Symbol.asyncDispose]: () => session.release(),
  }

  async function pass(inputs: Readonly<Record<string, Tensor>>) {
    const results = await session.run(inputs)
    return { results, changes: read(results) }
  }
}

/** At w = 1 a guide changes nothing: what the session then predicts is the base's own. */
const one = f32(Float32Array.of(1))

const negativeOf = ({ negative, pooled, tokens, width }: Conditioning): Record<string, Tensor> => ({
  ...(negative && { context: f32(negative, [1, tokens, width]) }),
  ...(pooled?.negative && { text_embeds: f32(pooled.negative, [1, pooled.negative.length]) }),
})

function seenIn(changes: readonly Change[]): Pick<Seen, 'all' | 'blocks'> {
  const blocks = Map.groupBy(changes, ({ place }) => blockOf(place))
  return {
    all: strengthOf(changes),
    blocks: new Map([...blocks].map(([block, own]) => [block, { ...strengthOf(own), heat: heatOf(own) }])),
  }
}

/** The guide in the base, with what it changes beside its prediction. */
async function openWatched(
  { base, unet: config }: Pipeline,
  guide: Guide,
  sides: readonly [number, number],
  tokens: number,
) {
  const given = (name: string, ...shape: number[]) => input(name, { shape, dtype: 'f32' })
  const sample = given('sample', 1, config.inChannels, ...sides)
  const width = config.crossAttentionDim
  const [timestep, context] = [given('timestep', 1), given('context', 1, tokens, width)]
  const { inject, outputs, read } = watched(
    plug(guide, {
      ...{ sample: latentOf(sample, config), timestep, guidance: given('guidance', 1) },
      ...{ positive: given('positive', 1, width), negative: given('negative', 1, width) },
    }),
  )
  const inputs = { sample, timestep, context, added: addedInputs(base, config) }
  const prediction = unet(config, parametersOf(base.unet), inputs, inject)
  const session = await openSession(toOnnx({ ...outputs(), prediction }))
  return { session, read }
}
