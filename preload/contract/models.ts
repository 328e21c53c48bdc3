import { z } from 'zod'
import { predictionNames } from './generation.ts'
import type { ServiceShape } from './service.ts'

/** Families of bases. */
export const architectureNames = ['sd1', 'sd2', 'sdxl'] as const

export const modelKinds = ['base', 'guide', 'lora', 'vae', 'embedding', 'other'] as const

/** A model of the library. */
export const modelCard = z.object({
  /** `demo`, or what the library gave it. */
  id: z.string(),
  kind: z.enum(modelKinds),
  name: z.string(),
  architecture: z.string().nullable(),
  path: z.string(),
  /** Bytes of all its files. */
  size: z.int(),
  /** Number type of its weights, `f16`. */
  dtype: z.string(),
  parameters: z.int(),
  /** By which pictures name it, once it has been computed: AutoV2, of a LoRA AutoV3. */
  hash: z.string().nullable(),
  /** Where it lies: in the library's folder, linked into it, or used where it is. */
  place: z.enum(['shipped', 'copied', 'linked', 'in place']),
  /** The models folder that it was found in. */
  folder: z.string().nullable(),
  /** Whether it can be painted with; the sentence says why not. */
  usable: z.boolean(),
  problem: z.string().nullable(),
  /** Side in pixels of the pictures that a base was trained on. */
  nativeSize: z.int().nullable(),
  /** Whether a preview picture stands beside it. */
  hasPreview: z.boolean(),
  /** What the person says of a base where its files are not believed; null leaves it to them. */
  chosenArchitecture: z.enum(architectureNames).nullable(),
  chosenPrediction: z.enum(predictionNames).nullable(),
})
export type ModelCard = z.infer<typeof modelCard>

/** A file or folder: by path where the host and the person share a disk, by upload in a browser. */
const modelSource = z.union([z.object({ path: z.string() }), z.object({ upload: z.string() })])

/** What a dropped thing is, from its header alone. */
export const modelSheet = z.object({
  name: z.string(),
  kind: z.enum(modelKinds),
  architecture: z.string().nullable(),
  dtype: z.string(),
  parameters: z.int(),
  size: z.int(),
  predictionType: z.string().nullable(),
  predictionSure: z.boolean(),
  usable: z.boolean(),
  problem: z.string().nullable(),
  hint: z.string().nullable(),
  /** Where a copy or link would lie. */
  target: z.string(),
  /** The ways it can be imported here; an upload can only be copied. */
  ways: z.array(z.enum(['link', 'copy', 'in place'])),
})
export type ModelSheet = z.infer<typeof modelSheet>

/** What a model is in full, from its headers; what does not apply to its kind is left out. */
export const modelReport = z.object({
  /** `base`, `guide`, `lora`, `vae`, or what else it was recognised as. */
  kind: z.string(),
  architecture: z.string().exactOptional(),
  /** Of a base that wants more than a latent: `inpainting`, `depth`... */
  variant: z.string().exactOptional(),
  /** How its file or folder is laid out: `ldm`, `diffusers`, `kohya`... */
  layout: z.string(),
  /** Pixels of the pictures that a base was trained on. */
  width: z.int().exactOptional(),
  height: z.int().exactOptional(),
  predictionType: z.string().exactOptional(),
  /** Whether the files say so; else it is a guess. */
  predictionSure: z.boolean().exactOptional(),
  /** What says so: `the key v_pred`. */
  predictionSource: z.string().exactOptional(),
  /** Number types of its weights, the one with most parameters first. */
  dtype: z.string(),
  parameters: z.int(),
  /** The networks of a base. */
  parts: z.array(z.object({ name: z.string(), parameters: z.int(), dtype: z.string() })).exactOptional(),
  lora: z
    .object({
      modules: z.int(),
      ranks: z.array(z.number()).readonly(),
      /** Empty where the file has none: alpha is the rank then. */
      alphas: z.array(z.number()).readonly(),
      /** Layers by network. */
      targets: z.record(z.string(), z.object({ linear: z.int(), convolution: z.int() })),
    })
    .exactOptional(),
  /** Keys that its networks need and that are absent. */
  missing: z.array(z.string()).readonly(),
  /** Keys that no network uses. */
  leftover: z.array(z.string()).readonly(),
  /** `modelspec.*`: title, author, license... */
  about: z.record(z.string(), z.string()),
  /** Of `ss_*` what tells a person something. */
  training: z.record(z.string(), z.string()),
  /** Words of the pictures of training, the most frequent first. */
  tags: z.array(z.object({ tag: z.string(), count: z.number() })).readonly(),
  /** Why it cannot be used. */
  error: z.string().exactOptional(),
})
export type ModelReport = z.infer<typeof modelReport>

/** SHA-256, and the two short hashes by which people look models up. */
export const modelHashes = z.object({ sha256: z.string(), autoV2: z.string(), autoV3: z.string() })
export type ModelHashes = z.infer<typeof modelHashes>

export const modelFolder = z.object({ path: z.string(), models: z.int(), missing: z.boolean() })
export type ModelFolder = z.infer<typeof modelFolder>

/** A guide of the library, held against one base. */
export const guideCard = z.object({
  id: z.string(),
  name: z.string(),
  /** How it was built, `tap1`. */
  kind: z.string(),
  fits: z.boolean(),
  /** Which field of the base differs, in one sentence. */
  difference: z.string().nullable(),
  /** Its parameters as a share of the base's UNet: 0.01 is one per cent. */
  parametersRatio: z.number().nullable(),
  /** Multiplications that it adds to a pass, as a share of the pass. */
  arithmeticRatio: z.number().nullable(),
  /** Guidance scales that it was trained for. */
  guidance: z.tuple([z.number(), z.number()]).nullable(),
  /** What it reached in training, by the name of the measure. */
  scores: z.record(z.string(), z.number()),
})
export type GuideCard = z.infer<typeof guideCard>

/** What a person says of a base: null takes it back, what is left out stays. */
export const modelOverrides = z.object({
  architecture: z.enum(architectureNames).nullable().optional(),
  prediction: z.enum(predictionNames).nullable().optional(),
})
export type ModelOverrides = z.infer<typeof modelOverrides>

const id = z.object({ id: z.string() })
const nothing = z.object({})

export const models = {
  methods: {
    list: { input: nothing, output: z.array(modelCard) },
    /** Header only. Throws one sentence where it cannot be used at all. */
    inspect: { input: z.object({ source: modelSource }), output: modelSheet },
    import: {
      input: z.object({ source: modelSource, way: z.enum(['link', 'copy', 'in place']) }),
      output: z.object({ model: modelCard, bytesCopied: z.int() }),
    },
    /** Drops an upload that nobody will import. */
    discard: { input: z.object({ upload: z.string() }), output: nothing },
    /** Every guide, those that fit the base (an id or a path) first; `prediction` as a request says it. */
    guides: {
      input: z.object({ base: z.string(), prediction: z.enum(predictionNames).optional() }),
      output: z.array(guideCard),
    },
    rename: { input: id.extend({ name: z.string().min(1).max(200) }), output: modelCard },
    /** For good: heeded whenever the base is painted with. Throws where it cannot be of that family. */
    override: { input: modelOverrides.extend({ id: z.string() }), output: modelCard },
    /** All that its headers say. */
    report: { input: id, output: modelReport },
    /** Reads the whole file. */
    hashes: { input: id, output: modelHashes },
    /** Out of the library; a copy goes to the system's trash, what is linked or in place stays. */
    remove: { input: id, output: nothing },
    folders: { input: nothing, output: z.array(modelFolder) },
    /** Uses all models below a folder where they are; nothing in it is ever written. */
    addFolder: { input: z.object({ path: z.string() }), output: modelFolder },
    removeFolder: { input: z.object({ path: z.string() }), output: nothing },
  },
  events: {
    changed: z.array(modelCard),
    /** Copying, hashing and looking through folders. */
    progress: z.object({ what: z.string(), done: z.number(), total: z.number() }),
  },
} as const satisfies ServiceShape
