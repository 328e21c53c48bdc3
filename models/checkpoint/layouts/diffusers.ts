import { realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { UserError } from '../../errors.ts'
import type { TensorEntry } from '../../tensor/entry.ts'
import { pathError } from '../../tensor/safetensors/open.ts'
import type { Architecture, ModelDescription, NetworkPart, RawConfig, TextPart } from '../checkpoint.ts'
import { readJson } from '../files.ts'
import { sortOut } from '../ignorable.ts'
import { type KeyPair, ownNames, takePart } from '../key-map.ts'
import { endToken, usualPad } from '../pad-token.ts'
import { folderPrediction } from '../prediction.ts'
import { unetStructure } from '../structure.ts'
import { variantOf } from '../variant.ts'
import { readWeights } from './diffusers-weights.ts'
import { textPairs } from './ldm/text.ts'
import { unetPairs } from './ldm/unet.ts'
import { asLinearAttention, diffusersVaePairs } from './ldm/vae.ts'
import { vaeRefusal } from './parts.ts'
import { refinerRefusal } from './sdxl.ts'

/** The key map of each component, from the names that its files hold. */
const maps = {
  unet: names => ownNames(unetPairs(unetStructure(names))),
  vae: diffusersVaePairs,
  text_encoder: textPairs,
  text_encoder_2: textPairs,
} satisfies Record<string, (names: readonly string[]) => KeyPair[]>

type Component = keyof typeof maps

/**
 * Describes a folder as diffusers writes it: model_index.json, one folder for each component; of the family that a
 * person `said`, or that its tensors show.
 * @throws UserError where the folder is no such folder, or a component's files are missing, hostile or pickles
 */
export const describeFolder = async (given: string, said?: Architecture): Promise<ModelDescription> => {
  const path = await realpath(given)
  const vae = await vaeFolder(path)
  if (vae) return vae
  const index = await readIndex(path)
  const files: string[] = []
  const rest = new Map<string, TensorEntry>()
  let metadata: Readonly<Record<string, string>> = {}

  const read = async (component: Component): Promise<NetworkPart> => {
    if (!isNamed(index[component])) return takePart(component, new Map(), [])
    const { part, weights, leftover } = await readComponent(path, component)
    for (const [key, entry] of leftover) rest.set(`${component}/${key}`, entry)
    files.push(...weights.files)
    if (component === 'unet') metadata = weights.metadata
    return part
  }

  const stranger = strangers.find(([mark]) => mark.test(className(index) ?? ''))
  if (stranger) return otherPipeline(path, stranger[1])
  if (!isNamed(index.unet))
    return otherPipeline(
      path,
      `${className(index) ? `a ${className(index)}` : 'a pipeline of another kind'}, which has no UNet of Stable Diffusion`,
    )
  const unet = await read('unet')
  const ownVae = asLinearAttention(await read('vae'))
  const architecture = said ?? architectureOf(unet)
  if (architectureOf(unet) === 'sdxl' && !isNamed(index.text_encoder)) return refinerFolder(path, files, unet)
  const second = isNamed(index.text_encoder_2)
  const textEncoders = [
    { ...(await read('text_encoder')), ...(await findTokenizer(path, 'tokenizer', usualPad(architecture, 0))) },
    ...(second
      ? [
          {
            ...(await read('text_encoder_2')),
            ...(await findTokenizer(path, 'tokenizer_2', usualPad(architecture, 1))),
          },
        ]
      : []),
  ]
  const scheduler = await optionalJson(path, 'scheduler/scheduler_config.json')
  const variant = variantOf(unet)
  return {
    kind: 'base',
    layout: 'diffusers',
    path,
    files,
    metadata,
    architecture,
    ...(variant && { variant }),
    unet,
    vae: ownVae,
    textEncoders,
    ...(scheduler && { scheduler }),
    prediction: folderPrediction(architecture, scheduler),
    ...(architecture === 'sdxl' && index.force_zeros_for_empty_prompt !== false && { zeroNegative: true }),
    ...sortOut(rest),
  }
}

/**
 * One network of a folder, whatever else the folder holds.
 * @throws UserError where it is missing or cannot be read
 */
export const describeComponent = async (given: string, component: Component): Promise<NetworkPart> => {
  const path = await realpath(given).catch((cause: unknown) => {
    throw pathError(given, cause)
  })
  const { part } = await readComponent(path, component)
  return component === 'vae' ? asLinearAttention(part) : part
}

const readComponent = async (path: string, component: Component) => {
  const weights = await readWeights(path, component)
  const config = await optionalJson(path, `${component}/config.json`)
  const leftover = new Map(weights.entries)
  const part = takePart(component, leftover, maps[component]([...leftover.keys()]), '', config)
  return { part, weights, leftover }
}

/** The folder of a VAE alone, as it lies in a model's folder. */
const vaeFolder = async (path: string): Promise<ModelDescription | undefined> => {
  const config = await optionalJson(path, 'config.json')
  if (config?._class_name !== 'AutoencoderKL') return undefined
  const { files, entries, metadata } = await readWeights(dirname(path), basename(path))
  return { ...{ kind: 'vae', layout: 'diffusers', path, files, metadata, entries, config }, refusal: vaeRefusal }
}

const readIndex = async (path: string): Promise<RawConfig> => {
  const index = await optionalJson(path, 'model_index.json')
  if (index) return index
  throw new UserError(
    `${path} is not a model folder: it has no model_index.json.`,
    'Choose a .safetensors file, or the folder that holds model_index.json.',
  )
}

/** Whether model_index.json names a component: `["diffusers", "UNet2DConditionModel"]`, against `[null, null]`. */
const isNamed = (value: unknown): boolean => Array.isArray(value) && value.some(word => typeof word === 'string')

const className = ({ _class_name: name }: RawConfig): string | undefined =>
  typeof name === 'string' && /^\w{1,80}$/.test(name) ? name : undefined

/** Pipelines that have a UNet and are no Stable Diffusion. */
const strangers: readonly (readonly [className: RegExp, what: string])[] = [
  [/^Kolors/, 'Kolors, which is told its prompts by a language model'],
  [/^StableVideoDiffusion/, 'Stable Video Diffusion, which makes videos'],
  [/^(?:TextToVideo|VideoToVideo|AnimateDiff|I2VGenXL)/, 'a pipeline that makes videos'],
  [/^StableUnCLIP/, 'Stable unCLIP, which varies pictures'],
  [/^StableDiffusion(?:Upscale|LatentUpscale)/, 'an upscaler of Stable Diffusion'],
  [/^StableDiffusionImageVariation/, 'a model that varies pictures and takes no prompt'],
  [
    /^(?:Kandinsky|IF|Wuerstchen|StableCascade|AudioLDM|MusicLDM|PaintByExample|AltDiffusion|LDM)/,
    'a pipeline of another family',
  ],
]

const otherPipeline = (path: string, what: string): ModelDescription => {
  const message = `This folder is ${what}; it is not supported.`
  return {
    kind: 'unknown',
    layout: 'diffusers',
    path,
    files: [],
    metadata: {},
    entries: new Map(),
    refusal: { message },
  }
}

const architectureOf = ({ table }: NetworkPart): Architecture => {
  if (table.has('add_embedding.linear_1.weight')) return 'sdxl'
  const projIn = [...table].find(([name]) => name.endsWith('.proj_in.weight'))
  return projIn?.[1].shape.length === 2 ? 'sd2' : 'sd1'
}

/** A text encoder's tokenizer; without one it is CLIP's, which the encoder's family fills up with `usual`. */
const findTokenizer = async (
  path: string,
  folder: string,
  usual: string,
): Promise<Pick<TextPart, 'tokenizer' | 'padToken'>> => {
  const [vocab, merges] = await Promise.all(
    ['vocab.json', 'merges.txt'].map(name => realpath(join(path, folder, name)).catch(() => undefined)),
  )
  if (!vocab || !merges) return { padToken: usual }
  const config = await optionalJson(path, `${folder}/tokenizer_config.json`)
  // SD 2.x's own folders name another token in tokenizer_config.json, which transformers does not heed.
  const special = await optionalJson(path, `${folder}/special_tokens_map.json`)
  const padToken = tokenOf(special?.pad_token) ?? tokenOf(config?.pad_token) ?? endToken
  return { tokenizer: { vocab, merges, ...(config && { config }) }, padToken }
}

/** A token as transformers writes it: its text, or an object that holds it. */
const tokenOf = (value: unknown): string | undefined => {
  const text = typeof value === 'object' && value !== null && 'content' in value ? value.content : value
  return typeof text === 'string' ? text : undefined
}

const refinerFolder = (path: string, files: readonly string[], { table }: NetworkPart): ModelDescription => ({
  ...{ kind: 'refiner', layout: 'diffusers', path, files, metadata: {}, entries: table },
  architecture: 'sdxl-refiner',
  refusal: refinerRefusal,
})

const optionalJson = async (path: string, name: string): Promise<RawConfig | undefined> => {
  const file = await realpath(join(path, name)).catch(() => undefined)
  return file === undefined ? undefined : readJson(file, name)
}
