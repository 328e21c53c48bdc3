import type { UserError } from '../errors.ts'
import type { GuideKindName } from '../networks/guide/index.ts'
import type { GuideConfig } from '../networks/guide/kind.ts'
import type { TensorEntry, TensorTable } from '../tensor/entry.ts'
import type { GuideFacts } from './guide-metadata.ts'

/** Families of bases, told by what the header holds. */
export type Architecture = 'sd1' | 'sd2' | 'sdxl'

/**
 * Bases that want more than a latent at their input, told by the input channels; that want the guidance scale
 * (consistency); or whose noise levels are no variance preserving schedule's (EDM).
 */
export type Variant = 'inpainting' | 'depth' | 'edit' | 'consistency' | 'edm'

/** A `config.json` as it was read: nothing in it is checked yet. */
export type RawConfig = Readonly<Record<string, unknown>>

/** One network of a checkpoint. */
export interface NetworkPart {
  /** What messages call it: `unet`, `vae`, `text_encoder`, `text_encoder_2`. */
  readonly name: string
  /** What messages call the thing that its file is: of a base's networks, the model. */
  readonly noun: 'model' | 'guide' | 'LoRA' | 'VAE' | 'scorer'
  /** Its tensors under their diffusers names; empty where the checkpoint lacks the network. */
  readonly table: TensorTable
  /** Its `config.json`, or what its file layout is known to mean; absent where shapes are all there is. */
  readonly config?: RawConfig
  /** Names of matrices that lie in the file with their axes in the other order. */
  readonly transposed?: ReadonlySet<string>
  /** The key that this file would use for a diffusers name: how messages name what is missing. */
  readonly keyOf: (name: string) => string
}

/** A text encoder, and how it wants its tokens. */
export interface TextPart extends NetworkPart {
  /** Its own tokenizer's files; CLIP's where the checkpoint brings none. */
  readonly tokenizer?: TokenizerFiles
  /** The token that fills a chunk behind its end. */
  readonly padToken: string
}

/** What the UNet's output means, and how that is known. */
export interface Prediction {
  readonly value: 'epsilon' | 'v_prediction' | 'sample'
  /** False where it is a guess that the person may have to correct. */
  readonly sure: boolean
  /** Set where a person said it. */
  readonly chosen?: true
  readonly source: string
}

/** What a person says of a base whose files do not say it, or say it wrongly. */
export interface Overrides {
  readonly architecture?: Architecture | undefined
  readonly prediction?: Prediction['value'] | undefined
}

/** Paths of a CLIP tokenizer's files. */
export interface TokenizerFiles {
  readonly vocab: string
  readonly merges: string
  readonly config?: RawConfig
}

interface Described {
  /** How the file or folder is laid out: `ldm`, `diffusers`, `kohya`... */
  readonly layout: string
  /** Absolute path, links resolved. */
  readonly path: string
  /** The safetensors files that were looked at, absolute. */
  readonly files: readonly string[]
  /** Metadata of the (first) file. */
  readonly metadata: Readonly<Record<string, string>>
}

/** A whole Stable Diffusion model: everything that painting needs, found by header alone. */
export interface BaseCheckpoint extends Described {
  readonly kind: 'base'
  readonly architecture: Architecture
  readonly variant?: Variant
  readonly unet: NetworkPart
  readonly vae: NetworkPart
  /** In the order in which their outputs are joined. */
  readonly textEncoders: readonly TextPart[]
  /** `scheduler_config.json` as read. */
  readonly scheduler?: RawConfig
  readonly prediction: Prediction
  /** Whether a single file is marked as trained up to noise alone (zero terminal SNR); a folder's scheduler says it. */
  readonly zeroSnr?: true
  /** Whether its UNet was trained with zeros where there is no negative prompt, rather than with an empty text (SDXL). */
  readonly zeroNegative?: true
  /** Tensors that match nothing a model of this layout has. */
  readonly leftover: readonly TensorEntry[]
  /** Tensors that training left behind and painting does not need: buffers, EMA copies. */
  readonly ignored: readonly TensorEntry[]
}

/** A VAE that takes the place of a base's own. */
export interface VaeCheckpoint {
  readonly path: string
  readonly part: NetworkPart
}

/** Why a thing cannot be painted with, in one sentence, and what to do. */
export interface Refusal {
  readonly message: string
  readonly hint?: string
}

/** A guide's file: a small network that is plugged into a base. */
export interface GuideFile extends Described {
  readonly kind: 'guide'
  /** As its metadata says it. */
  readonly architecture?: string
  readonly entries: TensorTable
  /** What its metadata says of it, or why that cannot be used. */
  readonly content: GuideContent | UserError
  /** What to say to someone who chose it as a base. */
  readonly refusal: Refusal
}

/** How a guide was built, and for what. */
export interface GuideContent {
  readonly guideKind: GuideKindName
  readonly config: GuideConfig
  readonly facts: GuideFacts
}

/** A guide that can be plugged into a base that it fits. */
export interface GuideCheckpoint extends GuideContent {
  readonly path: string
  readonly entries: TensorTable
}

/** Anything else that a header can be recognised as. */
export interface OtherModel extends Described {
  readonly kind:
    | 'vae'
    | 'lora'
    | 'foreign-lora'
    | 'unet'
    | 'text_encoder'
    | 'refiner'
    | 'transformer'
    | 'controlnet'
    | 'embedding'
    | 'adapter'
    | 'upscaler'
    | 'previewer'
    | 'video'
    | 'variation'
    | 'unknown'
  readonly architecture?: string
  readonly entries: TensorTable
  /** Its `config.json`, where it is a folder. */
  readonly config?: RawConfig
  /** What to say to someone who chose it as a base. */
  readonly refusal: Refusal
}

export type ModelDescription = BaseCheckpoint | GuideFile | OtherModel
