import { z } from 'zod'
import { guideKindNames } from '../networks/guide/index.ts'

/** Paths of a recipe are relative to the recipe's own file; `demo` is the demo model. */
const path = z.string().min(1).max(4096)
const whole = (least: number, most: number) => z.int().min(least).max(most)
const share = z.number().min(0).max(1)
const channels = z.array(whole(4, 8192)).min(1).max(8)

/** What every objective's recipe says. Steps are updates of the weights; one takes `batch * accumulate` examples. */
const common = z.strictObject({
  /** The title of what comes out. */
  name: z.string().min(1).max(80),
  description: z.string().max(2000).default(''),
  /** Licence of what comes out. */
  license: z.string().max(200).default(''),
  seed: whole(0, 2 ** 32 - 1).default(0),
  steps: whole(1, 100_000_000),
  /** Examples that go through the network together. */
  batch: whole(1, 4096),
  /** How many such batches make one step. */
  accumulate: whole(1, 4096).default(1),
  learningRate: z.number().positive().max(1),
  /** Decay of the mean of the gradients, and of that of their squares. */
  betas: z.tuple([share, share]).default([0.9, 0.999]),
  /** Acts on matrices and convolutions, not on biases and norms. */
  weightDecay: z.number().min(0).max(1).default(0.01),
  /** Steps until the learning rate is reached. */
  warmup: whole(0, 10_000_000).default(0),
  /** Share of the steps, counted from the end, over which the learning rate falls to 0 as a cosine does. */
  cosine: share.default(1),
  /** Largest norm of all gradients together. */
  clip: z.number().positive().default(1),
  /** Decay of the mean of the weights, which is what comes out. */
  ema: z.number().min(0).max(0.999999).default(0.998),
  /** Threads of the arithmetic; the same number gives the same numbers. All cores where it is left out. */
  threads: whole(1, 1024).optional(),
  /**
   * Whether the inside of the UNet's blocks is computed anew on the way back: less memory for about a third more time, where
   * the step takes more than loading the network did. A guide on a large base with small batches is not such a case.
   */
  recompute: z.boolean().default(false),
  /** Steps from one checkpoint to the next. */
  checkpointEvery: whole(1, 10_000_000).default(250),
  /** Steps from one set of sample pictures to the next; none where it is 0. */
  sampleEvery: whole(0, 10_000_000).default(0),
})

/** Which states of the noise a guide is trained on, and how its teacher is asked. */
const states = z.strictObject({
  /** How many are kept on disk. */
  count: whole(1, 100_000_000),
  /** Share of states that are noised pictures; the others lie on the teacher's own way from noise to picture. */
  noised: z.number().min(0).max(0.95).default(0.5),
  /** Steps of the teacher's way, fewest and most. */
  teacherSteps: z.tuple([whole(1, 1000), whole(1, 1000)]).default([8, 24]),
  /** How many the error is measured on; they are spread over up to eight times as many that are not trained on. */
  held: whole(0, 100_000).default(256),
  /** Pictures that the teacher paints side by side; what it was asked of them is kept when all are done. */
  together: whole(1, 64).default(16),
})

const guiding = common.extend({
  base: path,
  /** What is said of a base where its files are not believed. */
  overrides: z
    .strictObject({
      architecture: z.enum(['sd1', 'sd2', 'sdxl']).optional(),
      prediction: z.enum(['epsilon', 'v_prediction', 'sample']).optional(),
    })
    .optional(),
  /** A text file with a prompt a line; `general` and `emoji-scenes` are the studio's own. */
  prompts: path.default('general'),
  /** A dataset whose pictures are noised; without one, those that the teacher paints are. */
  data: path.optional(),
  /** Guidance scales, lowest and highest; 1 is none. */
  guidance: z.tuple([z.number().min(1).max(30), z.number().min(1).max(30)]).default([1, 9]),
  /** Share of examples that have a negative prompt. */
  negatives: share.default(0.25),
  /** Side of the latent in cells; the base's own where it is left out. */
  cells: whole(4, 128).optional(),
})

const guide = guiding.extend({
  objective: z.literal('guide'),
  kind: z.enum(guideKindNames),
  /** Parameters as a share of the base's UNet. */
  size: z.number().min(0.001).max(0.2).default(0.01),
  /** A guide to go on from. */
  start: path.optional(),
  states,
})

const progressive = guiding.extend({
  objective: z.literal('progressive'),
  /** The guide that stage one made. */
  guide: path,
  /** Numbers of steps, each half of the one before it. */
  stages: z.array(whole(1, 1024)).min(2).max(10).default([32, 16, 8, 4]),
  states: states.omit({ teacherSteps: true, together: true }),
})

/** Shape of a UNet that is trained from nothing; the names are diffusers'. */
const unet = z.strictObject({
  block_out_channels: channels,
  layers_per_block: whole(1, 8).default(2),
  /** Which levels attend, full resolution first. */
  attention: z.array(z.boolean()).min(1).max(8),
  attention_heads: whole(1, 64).default(8),
  norm_num_groups: whole(1, 64).default(32),
})

/** Shape of a text encoder that is trained from nothing; the names are transformers'. */
const text = z.strictObject({
  hidden_size: whole(8, 4096),
  intermediate_size: whole(8, 16384),
  num_hidden_layers: whole(1, 48),
  num_attention_heads: whole(1, 64),
  max_position_embeddings: whole(4, 1024),
})

/** Shape of a VAE that is trained from nothing; the names are diffusers'. */
const vae = z.strictObject({
  block_out_channels: channels,
  layers_per_block: whole(1, 8).default(1),
  latent_channels: whole(1, 64).default(4),
  norm_num_groups: whole(1, 64).default(16),
  /** Side of the pixel blocks that are folded into channels. */
  patch_size: whole(1, 16).default(1),
  attention: z.boolean().default(true),
})

const pictures = common.extend({
  /** A folder: pictures with captions, or a packed dataset. */
  data: path,
  /** Side of the pictures in pixels, where the folder holds loose pictures. */
  pixels: whole(16, 2048).optional(),
  /** Pictures that are kept aside to measure on, in whole batches; a tenth, at most 256, where it is left out. */
  held: whole(0, 100_000).optional(),
})

const noising = pictures.extend({
  /** Share of captions that are left out, so that there is something to guide away from. */
  captionDropout: share.default(0.1),
})

const denoise = noising.extend({
  objective: z.literal('denoise'),
  /** The base to go on from. Without one, `vae`, `tokenizer`, `unet` and `text` say what is trained from nothing. */
  base: path.optional(),
  vae: path.optional(),
  tokenizer: path.optional(),
  unet: unet.optional(),
  text: text.optional(),
  /** Whether the text encoder is trained along. */
  trainText: z.boolean().default(false),
  /** What the network predicts; the base's own where it is left out. */
  prediction: z.enum(['epsilon', 'v_prediction']).optional(),
  /** Whether the last level is noise alone; as the base has it where it is left out. */
  zeroSnr: z.boolean().optional(),
})

const lora = noising.extend({
  objective: z.literal('lora'),
  base: path,
  rank: whole(1, 1024).default(8),
  /** What the change is scaled by is alpha / rank; the rank where it is left out. */
  alpha: z.number().positive().max(10_000).optional(),
  trainText: z.boolean().default(false),
  layout: z.enum(['kohya', 'peft']).default('kohya'),
  captionDropout: share.default(0.05),
  /** None where it is left out: every one of a few pictures is needed. */
  held: whole(0, 100_000).default(0),
})

const autoencode = pictures.extend({
  objective: z.literal('autoencode'),
  /** The base whose VAE is gone on with; without one, `vae` says what is trained from nothing. */
  base: path.optional(),
  vae: vae.optional(),
  /** Weight of the error in the differences of neighbouring pixels. */
  gradients: z.number().min(0).max(100).default(1),
  /** Weight of the distance of the latents to unit normals. */
  kl: z.number().min(0).max(1).default(1e-4),
})

const contrast = pictures.extend({
  objective: z.literal('contrast'),
  tokenizer: path,
  /** Channels of the picture tower's levels, each half the size of the one before it. */
  channels: channels.default([32, 64, 96, 128]),
  text: text.optional(),
  /** Width of what pictures and texts are compared in. */
  width: whole(8, 2048).default(128),
})

export const recipeSchema = z.discriminatedUnion('objective', [guide, progressive, denoise, lora, autoencode, contrast])

/** How something is trained: all that decides the numbers that come out. */
export type Recipe = z.infer<typeof recipeSchema>
export type ObjectiveName = Recipe['objective']
export type RecipeOf<Name extends ObjectiveName> = Extract<Recipe, { objective: Name }>

/** The fields that hold paths. */
export const pathFields = ['base', 'data', 'prompts', 'start', 'guide', 'vae', 'tokenizer'] as const
