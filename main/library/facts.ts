import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { asBaseForVae } from '../../models/checkpoint/as-base.ts'
import { asEmbedding } from '../../models/checkpoint/as-embedding.ts'
import { asGuide } from '../../models/checkpoint/as-guide.ts'
import { asLora } from '../../models/checkpoint/as-lora.ts'
import { asVae } from '../../models/checkpoint/as-vae.ts'
import type { ModelDescription, Overrides } from '../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { nativeSize } from '../../models/checkpoint/native-size.ts'
import { dtypesOf, parameterCount, weightsOf } from '../../models/checkpoint/summary.ts'
import { UserError } from '../../models/errors.ts'
import { examine, examineVae } from '../../models/pipelines/examine.ts'
import { type Problem, refuse } from '../../models/pipelines/parameters.ts'
import { pathError } from '../../models/tensor/safetensors/open.ts'
import type { ModelCard } from '../../preload/contract/models.ts'

/** What shows that a model's files are still the ones that were looked at. */
export interface Stamp {
  /** Bytes of all its files. */
  readonly size: number
  /** The newest modification time, milliseconds since 1970. */
  readonly modified: number
}

/** What a model is, from its headers alone. */
export interface ModelFacts extends Stamp {
  readonly kind: ModelCard['kind']
  /** As a person would call it: the file's name without its ending. */
  readonly name: string
  readonly architecture: string | null
  readonly dtype: string
  readonly parameters: number
  readonly predictionType: string | null
  readonly predictionSure: boolean
  readonly nativeSize: number | null
  /** Whether it can be painted with, as what it is; the sentence says why not, or what it wants for that. */
  readonly usable: boolean
  readonly problem: string | null
  readonly hint: string | null
  /** Whether the studio has any use for it. */
  readonly welcome: boolean
  /** The safetensors files that make it up, links resolved. */
  readonly files: readonly string[]
}

const shelved: Partial<Record<string, ModelCard['kind']>> = {
  ...{ base: 'base', guide: 'guide', lora: 'lora', vae: 'vae', embedding: 'embedding' },
}

/**
 * Looks at a model file or folder, of which `overrides` are believed: headers only.
 * @throws UserError where it cannot be read, or is damaged or hostile
 */
export async function lookAt(path: string, overrides?: Overrides): Promise<ModelFacts> {
  const stamp = await stampOf(path)
  const model = await describeModel(path, overrides)
  const weights = weightsOf(model)
  const kind = shelved[model.kind] ?? 'other'
  const refusal = refusalOf(model)
  return {
    ...stamp,
    kind,
    name: nameOf(path),
    architecture: model.architecture ?? null,
    dtype: dtypesOf(weights),
    parameters: parameterCount(weights),
    predictionType: model.kind === 'base' ? model.prediction.value : null,
    predictionSure: model.kind === 'base' && model.prediction.sure,
    nativeSize: model.kind === 'base' && !refusal && !wantsVae(model) ? nativeSize(model) : null,
    usable: !refusal,
    problem: refusal?.message ?? (wantsVae(model) ? 'It holds no VAE: choose one for it in Create, under More.' : null),
    hint: refusal?.hint ?? null,
    welcome: kind === 'base' || kind === 'guide' ? !refusal : kind !== 'other',
    files: model.files,
  }
}

/** What is known of a file that cannot be read: its sentence in place of everything else. */
export const unreadable = (path: string, stamp: Stamp, { message, hint }: UserError): ModelFacts => ({
  ...stamp,
  kind: 'other',
  name: nameOf(path),
  architecture: null,
  dtype: '',
  parameters: 0,
  predictionType: null,
  predictionSure: false,
  nativeSize: null,
  usable: false,
  problem: message,
  hint,
  welcome: false,
  files: [],
})

const wantsVae = (model: ModelDescription): boolean => model.kind === 'base' && model.vae.table.size === 0

/** Why something cannot be painted with. */
function refusalOf(model: ModelDescription): UserError | undefined {
  try {
    const [first, ...more] = problemsOf(model)
    if (first) refuse([first, ...more])
    return undefined
  } catch (error) {
    if (error instanceof UserError) return error
    throw error
  }
}

/** What is wrong with its parameters. Throws `UserError` where it is nothing to paint with. */
function problemsOf(model: ModelDescription): readonly Problem[] {
  switch (model.kind) {
    case 'guide':
      asGuide(model)
      return []
    case 'lora':
      asLora(model)
      return []
    case 'embedding':
      asEmbedding(model)
      return []
    case 'vae':
      return examineVae(asVae(model).part)
    default:
      return examine(asBaseForVae(model)).problems
  }
}

/** Names that every file of a kind has: the folder around it says more. */
const generic = /^(?:diffusion_pytorch_model|pytorch_lora_weights|learned_embeds|model)(?:\.fp16)?$/

/** The file's name without its ending, or the folder's. */
export function nameOf(path: string): string {
  const stem = stemOf(path)
  return generic.test(stem) ? basename(dirname(path)) : stem
}

/** A file's name without `.safetensors` or another ending of models; what else stands after a dot belongs to the name. */
export const stemOf = (path: string): string => basename(path).replace(/\.(?:safetensors|ckpt|gguf)$/i, '')

/** Size and age of a model's files. A folder's are those of its configurations and weights, one folder deep. */
export async function stampOf(path: string): Promise<Stamp> {
  const info = await stat(path).catch((error: unknown) => {
    throw pathError(path, error)
  })
  if (!info.isDirectory()) return { size: info.size, modified: info.mtimeMs }
  const infos = await Promise.all((await modelFolderFiles(path)).map(file => stat(file).catch(() => undefined)))
  return infos.reduce<Stamp>(
    (sum, file) => ({
      size: sum.size + (file?.size ?? 0),
      modified: Math.max(sum.modified, file?.mtimeMs ?? 0),
    }),
    { size: 0, modified: 0 },
  )
}

const ofInterest = new Set(['.safetensors', '.json', '.txt'])

/** Weights and configurations of a diffusers folder: its own, and those of its components. */
export async function modelFolderFiles(path: string): Promise<string[]> {
  const files: string[] = []
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  // One network's folder holds its weights itself; what lies beside a whole model's is none of it.
  const isWhole = entries.some(({ name }) => name === 'model_index.json')
  for (const entry of entries) {
    const inner = join(path, entry.name)
    // A link is taken for what it leads to: caches of the hub are made of links.
    const info = entry.isSymbolicLink() ? await stat(inner).catch(() => undefined) : entry
    if (info?.isFile() && (entry.name.endsWith('.json') || (!isWhole && entry.name.endsWith('.safetensors'))))
      files.push(inner)
    if (!info?.isDirectory() || entry.name.startsWith('.')) continue
    for (const name of await readdir(inner).catch(() => []))
      if (ofInterest.has(extname(name).toLowerCase())) files.push(join(inner, name))
  }
  return files
}
