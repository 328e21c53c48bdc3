import { z } from 'zod'

/** The names that requests, scripts and the window know; `main` fits each to what `models` has. */
export const methodNames = ['guide', 'cfg', 'none', 'interval', 'adaptive', 'reuse'] as const
export const samplerNames = [
  'euler',
  'euler-a',
  'heun',
  'lms',
  'ddim',
  'pndm',
  'dpmpp-2m',
  'dpmpp-sde',
  'dpmpp-2m-sde',
  'unipc',
  'lcm',
  'tcd',
] as const
export const scheduleNames = ['auto', 'leading', 'linspace', 'trailing', 'karras', 'exponential', 'beta'] as const
export const predictionNames = ['epsilon', 'v'] as const
export const deviceNames = ['cpu', 'webgpu', 'dml', 'coreml', 'cuda'] as const
export const precisionNames = ['fp32', 'fp16'] as const

const whole = (min: number, max: number) => {
  const error = `must be a whole number from ${min} to ${max}`
  return z.int({ error }).min(min, { error }).max(max, { error })
}
const between = (min: number, max: number) => {
  const error = `must be a number from ${min} to ${max}`
  return z.number({ error }).min(min, { error }).max(max, { error })
}
const oneOf = <const T extends readonly string[]>(names: T) =>
  z.enum(names, { error: `must be one of ${names.join(', ')}` })
const multiple = (of: number, min: number, max: number) => {
  const error = `must be a multiple of ${of} from ${min} to ${max}`
  return z.int({ error }).min(min, { error }).max(max, { error }).multipleOf(of, { error })
}
const text = z.string().max(20_000, { error: 'must have at most 20,000 characters' })

/** Where pictures are computed, and how. */
export const placement = z.object({
  /** The fastest device that computes rightly where it is left out. */
  device: oneOf(deviceNames).optional(),
  /** Of the UNet's numbers; fp32 where it is left out. */
  precision: oneOf(precisionNames).optional(),
})

/** Most LoRAs of one picture. */
export const mostLoras = 32

/** A LoRA by its id in the library or its path; 0 is the base, 1 what it was trained for. */
const lora = z.object({ lora: z.string(), strength: between(-10, 10).default(1) })

const twoLevels = 'must be two noise levels, the lower one first'

/** What a person asks for. What is left out is the base's own choice. */
export const generateRequest = z.object({
  prompt: text,
  /** SDXL is told nothing where it is left out, and the states of an empty text where it is ''; others know no difference. */
  negative: text.optional(),
  /** Path of a model file or folder; the demo model where it is left out. */
  base: z.string().optional(),
  /** Id or path of a VAE in place of the base's own. */
  vae: z.string().optional(),
  /** The guide where one fits the base, else classifier-free guidance, where it is left out. */
  method: oneOf(methodNames).optional(),
  /** Id or path of a guide, for the method `guide`; one that fits the base where it is left out. */
  guide: z.string().optional(),
  /** What is plugged into UNet and text encoders, beside those that the prompt names (`<lora:name:0.7>`). */
  loras: z
    .array(lora)
    .max(mostLoras, { error: `must be at most ${mostLoras}` })
    .optional(),
  /** Guidance scale w: 1 is no guidance. */
  guidance: between(0, 30).default(5),
  /** Every how many steps `guide` and `reuse` take both true passes; 0 is never (the guide's default; reuse: 2). */
  refresh: whole(0, 1000).optional(),
  /** Noise levels sigma between which `interval` guides; an upper one of 1000 is no bound. */
  interval: z
    .tuple([between(0, 1000), between(0, 1000)], { error: twoLevels })
    .refine(([low, high]) => low < high, { error: twoLevels })
    .optional(),
  /** Cosine of the two predictions from which on `adaptive` guides no more. */
  agreement: between(-1, 1).optional(),
  /** Share by which guidance of two passes is scaled back to the contrast of the prompt's own prediction. */
  rescale: between(0, 1).optional(),
  steps: whole(1, 1000).default(20),
  sampler: oneOf(samplerNames).optional(),
  schedule: oneOf(scheduleNames).default('auto'),
  /** What the network's output is taken for, where the file does not say it or says it wrongly. */
  prediction: oneOf(predictionNames).optional(),
  ...placement.shape,
  /** Drawn at random where it is left out, and always recorded. */
  seed: whole(0, 2 ** 32 - 1).optional(),
  count: whole(1, 1000).default(1),
  /** Pixels. */
  width: multiple(8, 64, 4096).optional(),
  height: multiple(8, 64, 4096).optional(),
  /** Which text encoder layer is taken, from the end: 1 is the last. */
  clipSkip: whole(1, 12).default(1),
  /** Path of a picture to start from, and the share of the steps that repaint it; see `strengthOf`. */
  init: z.string().optional(),
  strength: between(0, 1).optional(),
  /** Path of a picture that says where `init` is painted anew: white is, black keeps its pixels. */
  mask: z.string().optional(),
})

export type MethodName = (typeof methodNames)[number]
export type GenerateRequest = z.input<typeof generateRequest>

/** The share of the steps that repaint a picture: what lies under a mask is painted from noise alone where it is left out. */
export const strengthOf = ({ strength, mask }: Pick<GenerateRequest, 'strength' | 'mask'>): number =>
  strength ?? (mask === undefined ? 0.6 : 1)

/** The prediction type of a request by diffusers' name. */
export const predictionTypeOf = (name: GenerateRequest['prediction']) => (name === 'v' ? 'v_prediction' : name)
