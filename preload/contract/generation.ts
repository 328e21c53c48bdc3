import { z } from 'zod'

/** The names that requests, scripts and the window know; `main` fits each to what `models` has. */
export const methodNames = ['cfg', 'none'] as const
export const samplerNames = ['euler', 'euler-a', 'ddim', 'dpmpp-2m'] as const
export const scheduleNames = ['auto', 'leading', 'linspace', 'trailing', 'karras'] as const
export const predictionNames = ['epsilon', 'v'] as const

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

/** What a person asks for. What is left out is the base's own choice. */
export const generateRequest = z.object({
  prompt: text,
  negative: text.default(''),
  /** Path of a model file or folder; the demo model where it is left out. */
  base: z.string().optional(),
  method: oneOf(methodNames).default('cfg'),
  /** Guidance scale w: 1 is no guidance. */
  guidance: between(0, 30).default(5),
  steps: whole(1, 1000).default(20),
  sampler: oneOf(samplerNames).optional(),
  schedule: oneOf(scheduleNames).default('auto'),
  /** What the network's output is taken for, where the file does not say it or says it wrongly. */
  prediction: oneOf(predictionNames).optional(),
  /** Drawn at random where it is left out, and always recorded. */
  seed: whole(0, 2 ** 32 - 1).optional(),
  count: whole(1, 1000).default(1),
  /** Pixels. */
  width: multiple(8, 64, 4096).optional(),
  height: multiple(8, 64, 4096).optional(),
  /** Which text encoder layer is taken, from the end: 1 is the last. */
  clipSkip: whole(1, 12).default(1),
  /** Path of a picture to start from, and the share of the steps that repaint it. */
  init: z.string().optional(),
  strength: between(0, 1).default(0.6),
})

export type GenerateRequest = z.input<typeof generateRequest>
