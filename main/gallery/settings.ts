import { z } from 'zod'

const file = z.object({
  /** The file's or folder's name, as a person would say it. */
  name: z.string(),
  /** AutoV2: the first 10 hex digits of the SHA-256. */
  hash: z.string().exactOptional(),
})

const settings = z.object({
  prompt: z.string(),
  /** Absent where there was none, which to SDXL is not the same as an empty one. */
  negative: z.string().exactOptional(),
  /** `cfg`, `none`, `guide`...: a name of models/guidance. */
  method: z.string(),
  /** Guidance number w; 1 is no guidance. */
  guidance: z.number(),
  steps: z.int().positive(),
  /** A name of models/samplers, `dpmpp-2m`; what another program had and we do not know stays as it was written. */
  sampler: z.string(),
  /** A name of models/samplers, `karras`, or `auto`. */
  schedule: z.string(),
  /** This picture's own seed, not the batch's. */
  seed: z.int().nonnegative(),
  /** In pixels. */
  width: z.int().positive(),
  height: z.int().positive(),
  base: file,
  guide: file.exactOptional(),
  /** In place of the base's own. */
  vae: file.exactOptional(),
  /** What the prompts name. */
  embeddings: z.array(file).exactOptional(),
  /** What was plugged into UNet and text encoders; a hash is AutoV3 here, the first 12 hex digits of what follows the header. */
  loras: z
    .array(
      file.extend({
        strength: z.number(),
        /** In text encoders, where it was another. */
        textStrength: z.number().exactOptional(),
        /** Whether the prompt itself names it. */
        inPrompt: z.literal(true).exactOptional(),
      }),
    )
    .readonly()
    .exactOptional(),
  /** Which layer of the text encoder from the end; 1 is the last. */
  clipSkip: z.int().positive().exactOptional(),
  /** How much of a given picture was painted anew, 0..1; absent where it began as noise. */
  strength: z.number().exactOptional(),
  /** Path of that picture, and of the one whose white says where it was painted anew. */
  init: z.string().exactOptional(),
  mask: z.string().exactOptional(),
  /** Every how many steps `guide` and `reuse` took both true passes. */
  refresh: z.int().nonnegative().exactOptional(),
  /** Noise levels sigma between which `interval` guided. */
  interval: z.tuple([z.number(), z.number()]).readonly().exactOptional(),
  /** Cosine of the predictions from which on `adaptive` guided no more. */
  agreement: z.number().exactOptional(),
  /** Share by which guidance was scaled back to the prompt's own contrast. */
  rescale: z.number().exactOptional(),
  /** `epsilon`, `v_prediction` or `sample`. */
  predictionType: z.string().exactOptional(),
  /** Version of the studio, `0.1.0`; another program's as it wrote it. */
  version: z.string(),
})

/** All that is needed to paint a picture again. It says nothing of when or how fast it was painted. */
export type PictureSettings = Readonly<z.infer<typeof settings>>

/** Keyword of the PNG chunk that holds the settings as JSON. */
export const settingsKeyword = 'cicerone'

/** Raised when a reader of the old form would misread the new one; a field that may be absent is no reason. */
const schema = 1
const record = settings.extend({ schema: z.literal(schema) })

/** The settings as one line of JSON, fields in fixed order. */
export function formatSettings(values: PictureSettings): string {
  return JSON.stringify({ schema, ...settings.parse(values) })
}

/** Reads what `formatSettings` wrote; nothing where the text is not that, or of a later schema. */
export function parseSettings(text: string): PictureSettings | undefined {
  try {
    const { schema: _, ...values } = record.parse(JSON.parse(text))
    return values
  } catch {
    return undefined
  }
}
