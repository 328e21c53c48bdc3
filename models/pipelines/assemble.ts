import type { BaseCheckpoint, NetworkPart } from '../checkpoint/checkpoint.ts'
import { textConfig } from '../checkpoint/config/text.ts'
import { unetConfig } from '../checkpoint/config/unet.ts'
import { vaeConfig } from '../checkpoint/config/vae.ts'
import { type OnnxModel, toOnnx } from '../graph/onnx/write.ts'
import { input, type Value } from '../graph/value.ts'
import { clipText } from '../networks/text/clip.ts'
import type { TextConfig } from '../networks/text/config.ts'
import type { UNetConfig } from '../networks/unet/config.ts'
import { unet } from '../networks/unet/unet.ts'
import { type VaeConfig, vaeFactor } from '../networks/vae/config.ts'
import { decode } from '../networks/vae/decode.ts'
import { encode } from '../networks/vae/encode.ts'
import { loadTokenizer, type Tokenizer } from '../prompt/tokenizer.ts'
import { scheduleFromDiffusers } from '../samplers/diffusers.ts'
import type { SamplerName } from '../samplers/index.ts'
import { type ScheduleConfig, sd1Schedule } from '../samplers/schedule.ts'
import { elements } from '../tensor/tensor.ts'
import { examine } from './examine.ts'
import { type Guide, plug } from './guide.ts'
import { parametersOf, refuse } from './parameters.ts'
import { type OpenSessionsOptions, openSessions, type Sessions } from './sessions.ts'

/** A base that is ready to paint. Its networks are loaded when they are first needed. */
export interface Pipeline {
  readonly base: BaseCheckpoint
  readonly text: TextConfig
  readonly unet: UNetConfig
  readonly vae: VaeConfig
  readonly tokenizer: Tokenizer
  readonly schedule: ScheduleConfig
  /** The sampler that the base's own scheduler file names. */
  readonly sampler: SamplerName | undefined
  /** Side in pixels of the pictures that the base was trained on. */
  readonly nativeSize: number
  /** Keys in the files that no network uses: what the picture will be without. */
  readonly unused: readonly string[]
  readonly sessions: Sessions
}

export interface AssembleOptions extends OpenSessionsOptions {
  /** merges.txt of CLIP's own tokenizer, for bases that bring none. */
  readonly merges: string
}

/**
 * Makes a pipeline of a base. Every network's parameters are checked against the files' headers; no weight is
 * loaded yet. Throws `UserError` where a parameter is missing or unusable.
 */
export async function assemble(base: BaseCheckpoint, { merges, ...options }: AssembleOptions): Promise<Pipeline> {
  const { problems, leftover } = examine(base)
  if (problems[0]) refuse([problems[0], ...problems.slice(1)])
  const configs = { text: textConfig(firstEncoder(base)), unet: unetConfig(base.unet), vae: vaeConfig(base.vae) }
  const own = base.scheduler === undefined ? undefined : scheduleFromDiffusers(base.scheduler)
  return {
    base,
    ...configs,
    tokenizer: await loadTokenizer(base.tokenizer ?? { merges }),
    // diffusers' pipeline, too, takes an offset of 1 whatever the scheduler file says.
    schedule: { ...(own?.config ?? sd1Schedule), stepsOffset: 1, predictionType: base.prediction.value },
    sampler: own?.sampler,
    nativeSize: nativeSize(base.unet, vaeFactor(configs.vae)),
    unused: leftover,
    sessions: openSessions(loadables({ base, ...configs }), options),
  }
}

/** What a folder's UNet says it was trained on, where that makes sense; else 64 latent cells, SD 1.x's own. */
function nativeSize({ config }: NetworkPart, factor: number): number {
  const cells = config?.sample_size
  const side = (typeof cells === 'number' && Number.isInteger(cells) ? cells : 64) * factor
  return side >= 64 && side <= 4096 && side % 8 === 0 ? side : 512
}

/** The free axes of pictures and latents, and of what goes in beside them. */
const axes = {
  picture: ['batch', null, 'height', 'width'],
  context: ['batch', 'tokens', null],
  batch: ['batch'],
  told: ['batch', null],
}

const f32 = (name: string, shape: readonly number[], free: readonly (string | null)[]): Value =>
  input(name, { shape, dtype: 'f32' }, free)

type Networks = Pick<Pipeline, 'base' | 'text' | 'unet' | 'vae'>

/** The UNet as ONNX, with a guide in it or plain, free in batch, height, width and tokens. */
export function unetGraph({ base, text, unet: config }: Networks, guide?: Guide): OnnxModel {
  const sample = f32('sample', [1, config.inChannels, 16, 16], axes.picture)
  const timestep = f32('timestep', [1], axes.batch)
  const context = f32('context', [1, text.positions, config.crossAttentionDim], axes.context)
  const told = (name: string) => f32(name, [1, text.hiddenSize], axes.told)
  const inject =
    guide &&
    plug(guide, {
      ...{ sample, timestep, positive: told('positive'), negative: told('negative') },
      guidance: f32('guidance', [1], axes.batch),
    })
  return toOnnx({ prediction: unet(config, parametersOf(base.unet), { sample, timestep, context }, inject) })
}

function textGraph({ base, text }: Networks, clipSkip: number): OnnxModel {
  const ids = input('ids', { shape: [1, text.positions], dtype: 'i64' }, axes.batch)
  return toOnnx({ states: clipText(text, parametersOf(firstEncoder(base)), ids).normed(clipSkip) })
}

function decoderGraph({ base, vae }: Networks): OnnxModel {
  const latent = f32('latent', [1, vae.latentChannels, 16, 16], axes.picture)
  return toOnnx({ picture: decode(vae, parametersOf(base.vae), latent) })
}

function encoderGraph({ base, vae }: Networks): OnnxModel {
  const side = 16 * vaeFactor(vae)
  return toOnnx({ ...encode(vae, parametersOf(base.vae), f32('picture', [1, 3, side, side], axes.picture)) })
}

function firstEncoder({ textEncoders: [first], path }: BaseCheckpoint): NetworkPart {
  if (!first) throw new Error(`${path} has no text encoder`)
  return first
}

/** The networks as they are loaded; a session's weights are those of its half of the VAE. */
function loadables(networks: Networks): Parameters<typeof openSessions>[0] {
  const { unet, vae } = networks.base
  const text = firstEncoder(networks.base)
  return {
    text: clipSkip => ({ graph: () => textGraph(networks, clipSkip), bytes: bytesOf(text) }),
    unet: guide => ({ graph: () => unetGraph(networks, guide), bytes: bytesOf(unet) + (guide?.bytes ?? 0) }),
    decoder: { graph: () => decoderGraph(networks), bytes: bytesOf(vae, /^(decoder|post_quant_conv)[.]/) },
    encoder: { graph: () => encoderGraph(networks), bytes: bytesOf(vae, /^(encoder|quant_conv)[.]/) },
  }
}

/** What a network's weights take as f32. */
function bytesOf({ table }: NetworkPart, names = /^/): number {
  const named = [...table].filter(([name]) => names.test(name))
  return named.reduce((sum, [, { shape }]) => sum + 4 * elements(shape), 0)
}
