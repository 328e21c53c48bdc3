import type { BaseCheckpoint, NetworkPart } from '../checkpoint/checkpoint.ts'
import { unetConfig } from '../checkpoint/config/unet.ts'
import { vaeConfig } from '../checkpoint/config/vae.ts'
import { type OnnxModel, toOnnx } from '../graph/onnx/write.ts'
import { input, type Value } from '../graph/value.ts'
import type { UNetConfig } from '../networks/unet/config.ts'
import { unet } from '../networks/unet/unet.ts'
import { type VaeConfig, vaeFactor } from '../networks/vae/config.ts'
import { decode } from '../networks/vae/decode.ts'
import { encode } from '../networks/vae/encode.ts'
import { onCpu, type Target } from '../runtime/target.ts'
import { scheduleFromDiffusers } from '../samplers/diffusers.ts'
import type { SamplerName } from '../samplers/index.ts'
import { type PredictionType, type ScheduleConfig, sd1Schedule } from '../samplers/schedule.ts'
import { elements } from '../tensor/tensor.ts'
import { addedInputs, encoderOutputs, openEncoders, type TextEncoder } from './encoders.ts'
import { examine } from './examine.ts'
import { type Guide, plug } from './guide.ts'
import type { Lora } from './lora/load.ts'
import { withLoras } from './lora/plug.ts'
import { latentOf } from './pairing.ts'
import { parametersOf, refuse } from './parameters.ts'
import { seenPrediction } from './prediction.ts'
import { type OpenSessionsOptions, openSessions, type Sessions, type StrongLora } from './sessions.ts'
import { vaePartGraph } from './vae-tiles.ts'

/** A base that is ready to paint. Its networks are loaded when they are first needed. */
export interface Pipeline {
  readonly base: BaseCheckpoint
  /** In the order in which their states are joined; never empty. */
  readonly encoders: readonly TextEncoder[]
  readonly unet: UNetConfig
  readonly vae: VaeConfig
  readonly schedule: ScheduleConfig
  /** The sampler that the base's own scheduler file names. */
  readonly sampler: SamplerName | undefined
  /**
   * What the UNet's output is taken for. Where the files do not say it, one pass of the network is looked at, the
   * first time that it is asked for.
   */
  prediction(): Promise<PredictionType>
  /** Keys in the files that no network uses: what the picture will be without. */
  readonly unused: readonly string[]
  /** What is plugged into the networks, beside a guide. */
  readonly loras: readonly Lora[]
  readonly sessions: Sessions
}

export interface AssembleOptions extends OpenSessionsOptions {
  /** merges.txt of CLIP's own tokenizer, for bases that bring none. */
  readonly merges: string
  /** Where its networks are computed; on the CPU where it is left out. */
  readonly target?: Target | undefined
}

/**
 * Makes a pipeline of a base. Every network's parameters are checked against the files' headers; no weight is
 * loaded yet. Throws `UserError` where a parameter is missing or unusable.
 */
export async function assemble(
  base: BaseCheckpoint,
  { merges, target = onCpu, ...options }: AssembleOptions,
): Promise<Pipeline> {
  const { problems, leftover } = examine(base)
  if (problems[0]) refuse([problems[0], ...problems.slice(1)])
  const encoders = await openEncoders(base, merges)
  const configs = { unet: unetConfig(base.unet), vae: vaeConfig(base.vae) }
  const own = base.scheduler === undefined ? undefined : scheduleFromDiffusers(base.scheduler)
  const sessions = openSessions(loadables({ base, encoders, target, ...configs }), {
    ...options,
    device: target.device,
  })
  let seen: Promise<PredictionType> | undefined
  return {
    base,
    encoders,
    ...configs,
    schedule: {
      ...(own ? folderSchedule(base, own.config) : fileSchedule(base)),
      predictionType: base.prediction.value,
    },
    sampler: own?.sampler,
    async prediction() {
      if (base.prediction.sure) return base.prediction.value
      seen ??= seenPrediction({ base, unet: configs.unet, sessions })
      seen.catch(() => (seen = undefined))
      return seen
    },
    unused: leftover,
    loras: [],
    sessions,
  }
}

/** A pipeline with LoRAs plugged in, which were loaded for its base; its networks are the pipeline's own. */
export const plugged = (pipeline: Pipeline, loras: readonly StrongLora[]): Pipeline =>
  loras.length === 0
    ? pipeline
    : { ...pipeline, loras: loras.map(({ lora }) => lora), sessions: pipeline.sessions.with(loras) }

/** A folder's schedule. diffusers' pipeline of SD 1.x and 2.x, too, takes an offset of 1 whatever the scheduler file says. */
const folderSchedule = ({ architecture }: BaseCheckpoint, config: ScheduleConfig): ScheduleConfig =>
  architecture === 'sdxl' ? config : { ...config, stepsOffset: 1 }

/** A single file's schedule. Where training went up to noise alone, the steps have to begin there (Lin et al. 2023). */
const fileSchedule = ({ zeroSnr }: BaseCheckpoint): ScheduleConfig =>
  zeroSnr ? { ...sd1Schedule, rescaleBetasZeroSnr: true, spacing: 'trailing' } : sd1Schedule

/** The free axes of pictures and latents, and of what goes in beside them. */
const axes = {
  picture: ['batch', null, 'height', 'width'],
  context: ['batch', 'tokens', null],
  batch: ['batch'],
  told: ['batch', null],
}

const f32 = (name: string, shape: readonly number[], free: readonly (string | null)[]): Value =>
  input(name, { shape, dtype: 'f32' }, free)

interface Networks extends Pick<Pipeline, 'base' | 'encoders' | 'unet' | 'vae'> {
  readonly target?: Target
}

/** All but the UNet are computed with 32 bits: they run once a picture, and XL's VAE is known to leave f16's range. */
const precise = ({ target = onCpu }: Networks): Target => ({ ...target, precision: 'fp32' })

/** The UNet as ONNX, with a guide and LoRAs in it or plain, free in batch, height, width and tokens. */
export function unetGraph(
  { base, encoders, unet: config, target = onCpu }: Networks,
  guide?: Guide,
  loras: readonly Lora[] = [],
): OnnxModel {
  const sample = f32('sample', [1, config.inChannels, 16, 16], axes.picture)
  const timestep = f32('timestep', [1], axes.batch)
  const tokens = encoders[0]?.config.positions ?? 1
  const context = f32('context', [1, tokens, config.crossAttentionDim], axes.context)
  const told = (name: string) => f32(name, [1, config.crossAttentionDim], axes.told)
  const inject =
    guide &&
    plug(guide, {
      ...{ sample: latentOf(sample, config), timestep, positive: told('positive'), negative: told('negative') },
      guidance: f32('guidance', [1], axes.batch),
    })
  const inputs = { sample, timestep, context, added: addedInputs(base, config) }
  const parameters = withLoras(parametersOf(base.unet), 'unet', loras)
  return toOnnx({ prediction: unet(config, parameters, inputs, inject) }, target)
}

function decoderGraph(networks: Networks): OnnxModel {
  const { base, vae } = networks
  const latent = f32('latent', [1, vae.latentChannels, 16, 16], axes.picture)
  return toOnnx({ picture: decode(vae, parametersOf(base.vae), latent) }, precise(networks))
}

function encoderGraph(networks: Networks): OnnxModel {
  const { base, vae } = networks
  const side = 16 * vaeFactor(vae)
  return toOnnx(
    { ...encode(vae, parametersOf(base.vae), f32('picture', [1, 3, side, side], axes.picture)) },
    precise(networks),
  )
}

/** The networks as they are loaded; a session's weights are those of its half of the VAE. */
function loadables(networks: Networks): Parameters<typeof openSessions>[0] {
  const { base, encoders } = networks
  const { unet, vae } = base
  return {
    textName: index => encoders[index]?.part.name ?? '',
    text(clipSkip, index, loras) {
      const encoder = encoders[index]
      if (!encoder) throw new RangeError(`there is no text encoder ${index}`)
      const { part } = encoder
      return {
        graph: () => toOnnx(encoderOutputs(base, index, encoder, clipSkip, loras), precise(networks)),
        bytes: bytesOf(part) + loraBytes(part.name, loras),
      }
    },
    unet: (loras, guide) => ({
      graph: () => unetGraph(networks, guide, loras),
      bytes: bytesOf(unet) + (guide?.bytes ?? 0) + loraBytes('unet', loras),
    }),
    decoder: { graph: () => decoderGraph(networks), bytes: bytesOf(vae, decoderNames) },
    encoder: { graph: () => encoderGraph(networks), bytes: bytesOf(vae, encoderNames) },
    vaePart: part => ({
      graph: () => vaePartGraph(part, networks, precise(networks)),
      bytes: bytesOf(vae, part.startsWith('encoder') ? encoderNames : decoderNames),
    }),
  }
}

const decoderNames = /^(decoder|post_quant_conv)[.]/
const encoderNames = /^(encoder|quant_conv)[.]/

/** What a network's weights take as f32. */
function bytesOf({ table }: NetworkPart, names = /^/): number {
  const named = [...table].filter(([name]) => names.test(name))
  return named.reduce((sum, [, { shape }]) => sum + 4 * elements(shape), 0)
}

/** What the changes of one network take as f32. */
const loraBytes = (network: string, loras: readonly Lora[]): number =>
  loras.flatMap(({ changes }) => changes.get(network) ?? []).reduce((sum, { bytes }) => sum + bytes, 0)
