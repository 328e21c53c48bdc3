import type { Architecture, BaseCheckpoint, TextPart } from '../checkpoint/checkpoint.ts'
import { textConfig } from '../checkpoint/config/text.ts'
import { unetConfig } from '../checkpoint/config/unet.ts'
import { UserError } from '../errors.ts'
import { input, type Value } from '../graph/value.ts'
import { clipText, type TextStates } from '../networks/text/clip.ts'
import type { TextConfig } from '../networks/text/config.ts'
import { type AddedInputs, sizeFeatures } from '../networks/unet/add-embedding.ts'
import type { UNetConfig } from '../networks/unet/config.ts'
import { loadTokenizer, type Tokenizer } from '../prompt/tokenizer.ts'
import type { Lora } from './lora/load.ts'
import { withLoras } from './lora/plug.ts'
import { parametersOf } from './parameters.ts'

/** A text encoder of a base, with the tokenizer that it was trained with. */
export interface TextEncoder {
  readonly part: TextPart
  readonly config: TextConfig
  readonly tokenizer: Tokenizer
}

/**
 * Which of an encoder's states each family's UNet was trained with. Clip skip counts the layers from the end as the
 * encoder was trained, as A1111 does; SD 2.x and SDXL were trained without the last, so 1 and 2 are the same there.
 */
export const takenStates: Readonly<Record<Architecture, (states: TextStates, clipSkip: number) => Value>> = {
  sd1: (states, clipSkip) => states.normed(clipSkip),
  // The last layer is not even there: see its key map.
  sd2: (states, clipSkip) => states.normed(Math.max(clipSkip, 2) - 1),
  sdxl: ({ hidden }, clipSkip) => hidden.at(-Math.max(clipSkip, 2)) as Value,
}

/** The encoders of a base, in the order in which their states are joined. Throws `UserError` where they do not fit its UNet. */
export async function openEncoders(base: BaseCheckpoint, merges: string): Promise<TextEncoder[]> {
  const configs = base.textEncoders.map(textConfig)
  requireFit(base, configs)
  return Promise.all(
    base.textEncoders.map(async (part, i) => ({
      part,
      config: configs[i] as TextConfig,
      tokenizer: await loadTokenizer(part.tokenizer ?? { merges }, part),
    })),
  )
}

function requireFit({ unet }: BaseCheckpoint, texts: readonly TextConfig[]): void {
  const width = texts.reduce((sum, { hiddenSize }) => sum + hiddenSize, 0)
  const { crossAttentionDim } = unetConfig(unet)
  const hint = 'The model mixes parts of different families; choose another.'
  if (width !== crossAttentionDim)
    throw new UserError(
      `The UNet takes ${crossAttentionDim} numbers for each token of a prompt, and its text encoders give ${width}.`,
      hint,
    )
  if (new Set(texts.map(({ positions }) => positions)).size > 1)
    throw new UserError('The text encoders take chunks of different lengths.', hint)
}

/** Whether the UNet is also told a pooled text of the encoder (of SDXL's two, the second). */
export const isPooled = ({ architecture }: BaseCheckpoint, encoder: number): boolean =>
  architecture === 'sdxl' && encoder === 1

/**
 * An encoder's graph: `states` f32 [n, positions, width] that its family takes, and `pooled` f32 [n, width] where the
 * UNet is told one. `ids` i64 [n, positions], `vectors` and `kept` as `Injected` of the network, `ends` as its `pooled`
 * takes them.
 */
export function encoderOutputs(
  base: BaseCheckpoint,
  encoder: number,
  { config, part }: Pick<TextEncoder, 'config' | 'part'>,
  clipSkip: number,
  loras: readonly Lora[] = [],
): Record<string, Value> {
  const { positions, hiddenSize } = config
  const ids = input('ids', { shape: [1, positions], dtype: 'i64' }, ['batch'])
  const states = clipText(config, withLoras(parametersOf(part), part.name, loras), ids, {
    vectors: input('vectors', { shape: [1, positions, hiddenSize], dtype: 'f32' }, ['batch']),
    kept: input('kept', { shape: [1, positions, 1], dtype: 'f32' }, ['batch']),
  })
  const own = { states: takenStates[base.architecture](states, clipSkip) }
  if (!isPooled(base, encoder)) return own
  return { ...own, pooled: states.pooled(input('ends', { shape: [1], dtype: 'i64' }, ['batch'])) }
}

/**
 * What a UNet takes beside sample, timestep and context, as graph inputs `text_embeds` and `time_ids`; none but for
 * SDXL. Throws `UserError` where the encoders do not give it.
 */
export function addedInputs(base: BaseCheckpoint, { additionInputs }: UNetConfig): AddedInputs | undefined {
  if (additionInputs === undefined) return undefined
  const pooling = base.textEncoders.find((_, i) => isPooled(base, i))
  const text = pooling && textConfig(pooling)
  const width = text?.projection ?? text?.hiddenSize ?? 0
  const stated = base.unet.config?.addition_time_embed_dim ?? undefined
  const features = text && sizeFeatures(additionInputs, width)
  if (features === undefined || (stated !== undefined && stated !== features))
    throw new UserError(
      `${base.unet.keyOf('add_embedding.linear_1.weight')} takes ${additionInputs} numbers, which six sizes and the ${width} of a pooled text do not make.`,
      'The model mixes parts of different families; choose another.',
    )
  const f32 = (name: string, size: number) => input(name, { shape: [1, size], dtype: 'f32' }, ['batch', null])
  return { textEmbeds: f32('text_embeds', width), timeIds: f32('time_ids', 6) }
}
