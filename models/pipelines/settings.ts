import type { MethodName } from '../guidance/index.ts'
import type { ChosenOptions } from '../guidance/method.ts'
import type { SamplerName } from '../samplers/index.ts'
import {
  type Curve,
  curves,
  type PredictionType,
  type ScheduleConfig,
  type Spacing,
  spacings,
} from '../samplers/schedule.ts'
import type { Embedding, NamedEmbedding } from './embeddings.ts'

/** Where the steps lie: the base's own way, evenly spaced timesteps, or noise levels along a curve. */
export type ScheduleName = 'auto' | Spacing | Curve

/** All that decides a picture, next to the base. */
export interface GenerateSettings extends ChosenOptions {
  readonly prompt: string
  /** SDXL is told nothing at all where it is left out, rather than an empty text; to the other families it is the same. */
  readonly negative?: string | undefined
  readonly method: MethodName
  /** Guidance scale w; 1 is none. */
  readonly guidance: number
  readonly steps: number
  readonly sampler: SamplerName
  readonly schedule: ScheduleName
  /** Overrides what the network's output is taken for. */
  readonly prediction?: PredictionType | undefined
  /** Seed of the first picture, 0..2^32-1; picture i has (seed + i) mod 2^32. */
  readonly seed: number
  readonly count: number
  /** Pixels; both divide by the base's `vaeFactor`. */
  readonly width: number
  readonly height: number
  /** Which text encoder layer is taken, from the end: 1 is the last. */
  readonly clipSkip: number
  readonly init?: InitPicture | undefined
  /** What the prompts may name; those that they do not name do nothing. */
  readonly embeddings?: readonly Embedding[] | undefined
}

/** Settings as they are asked for: what is left open is the base's own choice. */
export interface AskedSettings extends Omit<GenerateSettings, 'width' | 'height' | 'sampler' | 'init' | 'embeddings'> {
  readonly width?: number | undefined
  readonly height?: number | undefined
  readonly sampler?: SamplerName | undefined
  /** Picture file to start from, and one that says where it is painted anew; both are cut to the size that is painted. */
  readonly init?: { readonly path: string; readonly strength: number; readonly mask?: string | undefined } | undefined
  readonly embeddings?: readonly NamedEmbedding[] | undefined
}

/** A picture to start from instead of noise alone. */
export interface InitPicture {
  /** f32 [1, 3, height, width] in -1..1. */
  readonly pixels: Float32Array
  /** Share of the steps that are painted over it, 0 to 1. */
  readonly strength: number
  /** f32 [height * width]: 1 where it is painted anew, 0 where its own pixels stay; all is painted anew where it is left out. */
  readonly mask?: Float32Array | undefined
}

/** The base's schedule with the person's choices in place. */
export function scheduleConfig(
  own: ScheduleConfig,
  { schedule, prediction }: Pick<GenerateSettings, 'schedule' | 'prediction'>,
): ScheduleConfig {
  const predictionType = prediction ?? own.predictionType
  if (schedule === 'auto') return { ...own, predictionType }
  const curve = curves.find(name => name === schedule)
  // A curve spans the whole training range, which is what linspace's timesteps reach.
  const spacing = spacings.find(name => name === schedule) ?? 'linspace'
  return { ...own, predictionType, curve, spacing }
}
