import { z } from 'zod'
import type { ServiceShape } from './service.ts'

/** A picture as the grid needs it. */
export const pictureItem = z.object({
  id: z.int(),
  /** Bytes of its file. */
  size: z.int(),
  width: z.int(),
  height: z.int(),
  seed: z.number(),
  starred: z.boolean(),
  /** Mean colour, red green blue in 24 bits: seen until its thumbnail is there. Null where none was ever made. */
  colour: z.int().nullable(),
  /** Milliseconds since 1970. */
  created: z.int(),
})
export type PictureItem = z.infer<typeof pictureItem>

/** How a picture was made, as it is recorded in the file itself. */
export const pictureSettings = z.object({
  prompt: z.string(),
  /** Absent where there was none, which to SDXL is not the same as an empty one. */
  negative: z.string().optional(),
  method: z.string(),
  guidance: z.number(),
  steps: z.int(),
  sampler: z.string(),
  schedule: z.string(),
  seed: z.number(),
  width: z.int(),
  height: z.int(),
  base: z.object({ name: z.string(), hash: z.string().optional() }),
  guide: z.object({ name: z.string(), hash: z.string().optional() }).optional(),
  vae: z.object({ name: z.string(), hash: z.string().optional() }).optional(),
  embeddings: z.array(z.object({ name: z.string(), hash: z.string().optional() })).optional(),
  loras: z
    .array(
      z.object({
        name: z.string(),
        hash: z.string().optional(),
        strength: z.number(),
        textStrength: z.number().optional(),
        /** Whether the prompt itself names it. */
        inPrompt: z.literal(true).optional(),
      }),
    )
    .readonly()
    .optional(),
  refresh: z.int().optional(),
  interval: z.tuple([z.number(), z.number()]).optional(),
  agreement: z.number().optional(),
  rescale: z.number().optional(),
  clipSkip: z.int().optional(),
  strength: z.number().optional(),
  init: z.string().optional(),
  mask: z.string().optional(),
  predictionType: z.string().optional(),
  version: z.string(),
})
export type PictureRecord = z.infer<typeof pictureSettings>

/** All that is known of one picture. */
export const pictureDetail = pictureItem.extend({
  file: z.string(),
  settings: pictureSettings.nullable(),
  tags: z.array(z.string()),
  /** What it cost: network passes and seconds, where it was painted here. */
  passes: z.int().nullable(),
  seconds: z.number().nullable(),
})
export type PictureDetail = z.infer<typeof pictureDetail>

/**
 * What is looked for: words of prompt and tags (each the beginning of a word), and tokens `base:NAME`,
 * `method:NAME`, `sampler:NAME`, `tag:NAME`, `seed:N`, `w>4`, `w<4`, `w=4`, `steps>10`..., `star` or `★`.
 */
const galleryQuery = z.string().max(1000)

export const pageRequest = z.object({
  query: galleryQuery.default(''),
  /** The last item of the page before; left out for the newest pictures. */
  after: z.object({ created: z.int(), id: z.int() }).nullable().default(null),
  limit: z.int().min(1).max(1000).default(200),
})

const ids = z.object({ ids: z.array(z.int()).max(100_000) })
const nothing = z.object({})

export const gallery = {
  methods: {
    /** Newest first. `total` is the number that the query matches; null where `count` has to find it. */
    page: { input: pageRequest, output: z.object({ items: z.array(pictureItem), total: z.int().nullable() }) },
    /** The number that a query matches: of many pictures that takes longer than a page of them. */
    count: { input: pageRequest.pick({ query: true }), output: z.object({ total: z.int() }) },
    detail: { input: z.object({ id: z.int() }), output: pictureDetail },
    star: { input: ids.extend({ starred: z.boolean() }), output: nothing },
    /** Out of sight at once; moved to the system's trash when the undo has passed. */
    remove: { input: ids, output: z.object({ undo: z.string() }) },
    /** Takes a removal back. */
    restore: { input: z.object({ undo: z.string() }), output: nothing },
  },
  events: {
    /** Another program changed the gallery: what is shown is to be asked for anew. */
    stale: nothing,
    /** What was added (newest first), changed and taken away. */
    changed: z.object({ added: z.array(pictureItem), updated: z.array(pictureItem), removed: z.array(z.int()) }),
  },
} as const satisfies ServiceShape
