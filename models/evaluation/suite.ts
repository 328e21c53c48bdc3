import { z } from 'zod'
import { readJson } from '../checkpoint/files.ts'
import { UserError } from '../errors.ts'
import { methodVariant } from '../guidance/variant.ts'

const whole = (least: number, most: number) => z.int().min(least).max(most)
const scale = z.number().gt(1).max(30)
const text = z.string().max(2000)
const method = z.string().refine(name => methodVariant(name) !== undefined, 'no method of that name')

/** What an evaluation looks at. */
export const suiteSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,40}$/),
  description: text.default(''),
  /** A text file with a prompt a line, or the name of a shipped list. */
  prompts: z.string().min(1).max(4096),
  seed: whole(0, 2 ** 32 - 1).default(0),
  /** Steps of a picture. */
  steps: whole(1, 1000),
  /** Guidance scale of the pictures. */
  guidance: z.number().min(2).max(30),
  /** Pictures by each method, with seeds one after another and the prompts in turn. */
  pictures: whole(2, 10_000),
  /** `none`, `guide`, `guide:4` (every fourth step is true), `interval`...; none and cfg are always among them. */
  methods: z.array(method).max(40),
  /** States that single predictions are compared on. */
  states: z.strictObject({
    prompts: whole(1, 4096),
    steps: whole(1, 1000),
    guidance: z.array(scale).min(1).max(20),
  }),
  negatives: z.strictObject({
    /** Pictures of each pair, with and without the negative prompt. */
    pictures: whole(0, 1000),
    pairs: z.array(z.strictObject({ prompt: text, negative: text.min(1) })).max(100),
  }),
  /** A picture with methods downwards and guidance scales across, for each of the first prompts. */
  grid: z.strictObject({ prompts: whole(0, 100), guidance: z.array(z.number().min(1).max(30)).min(1).max(12) }),
  /** Resamples that confidence intervals come from. */
  bootstrap: whole(0, 10_000),
})
export type Suite = z.infer<typeof suiteSchema>

/** Reads a suite's JSON file. Throws `UserError` that names the field that is wrong. */
export async function readSuite(path: string): Promise<Suite> {
  const read = suiteSchema.safeParse(await readJson(path, path))
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw new UserError(
    `${path}: ${issue?.path.join('.') || 'the suite'} is wrong: ${issue?.message}.`,
    'resources/suites has examples.',
  )
}
