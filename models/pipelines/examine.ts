import type { BaseCheckpoint, NetworkPart } from '../checkpoint/checkpoint.ts'
import { textConfig } from '../checkpoint/config/text.ts'
import { unetConfig } from '../checkpoint/config/unet.ts'
import { vaeConfig } from '../checkpoint/config/vae.ts'
import { input } from '../graph/value.ts'
import type { Parameters } from '../networks/parameters.ts'
import { clipText } from '../networks/text/clip.ts'
import { unet } from '../networks/unet/unet.ts'
import { decode } from '../networks/vae/decode.ts'
import { encode } from '../networks/vae/encode.ts'
import { addedInputs, isPooled } from './encoders.ts'
import { type Problem, parametersOf } from './parameters.ts'

/** What a base's networks find in its files, from the headers alone. */
export interface Examination {
  /** Parameters that are missing or unusable; none in a sound model. */
  readonly problems: readonly Problem[]
  /** Keys in the file that no network uses. */
  readonly leftover: readonly string[]
}

/** Looks at every network of a base without loading it, to see which parameters it would miss and leave over. */
export function examine(base: BaseCheckpoint): Examination {
  // By key, since one tensor of a file may hold several parameters.
  const problems = new Map<string, Problem>()
  const leftover = new Set(base.leftover.map(({ key }) => key))
  for (const { part, build } of builds(base)) {
    const asked = new Set<string>()
    const parameters = parametersOf(part, problem => problems.set(problem.key, problem))
    build((name, shape) => {
      asked.add(name)
      return parameters(name, shape)
    })
    for (const [name, { key }] of part.table) if (!asked.has(name)) leftover.add(key)
  }
  return { problems: [...problems.values()], leftover: [...leftover] }
}

/** A network of a base, and how to build it: it asks `parameters` for all that it uses, and shows its layers. */
interface Build {
  readonly part: NetworkPart
  build(parameters: Parameters): void
}

/** Every network of a base; nothing is loaded. */
export function builds(base: BaseCheckpoint): Build[] {
  return [
    {
      part: base.unet,
      build(p) {
        const config = unetConfig(base.unet)
        unet(config, p, {
          sample: f32('sample', [1, config.inChannels, 8, 8]),
          timestep: f32('timestep', [1]),
          context: f32('context', [1, 2, config.crossAttentionDim]),
          added: addedInputs(base, config),
        })
      },
    },
    {
      part: base.vae,
      build(p) {
        // One may be chosen for a base that has none.
        if (base.vae.table.size > 0) buildVae(base.vae, p)
      },
    },
    ...base.textEncoders.map((part, index) => ({
      part,
      build(p: Parameters) {
        const config = textConfig(part)
        const states = clipText(config, p, input('ids', { shape: [1, config.positions], dtype: 'i64' }))
        states.normed(1)
        if (isPooled(base, index)) states.pooled(input('ends', { shape: [1], dtype: 'i64' }))
      },
    })),
  ]
}

/** What a VAE's own file lacks, or gives in another shape. */
export function examineVae(part: NetworkPart): Problem[] {
  const problems: Problem[] = []
  buildVae(
    part,
    parametersOf(part, problem => problems.push(problem)),
  )
  return problems
}

function buildVae(part: NetworkPart, parameters: Parameters): void {
  const config = vaeConfig(part)
  const side = 8 * config.patchSize * 2 ** config.blockOutChannels.length
  encode(config, parameters, f32('picture', [1, 3, side, side]))
  decode(config, parameters, f32('latent', [1, config.latentChannels, 8, 8]))
}

const f32 = (name: string, shape: readonly number[]) => input(name, { shape, dtype: 'f32' })
