import type { ModelCard, ModelSheet } from '../../../preload/contract/models.ts'

const architectures: Readonly<Record<string, string>> = {
  sd1: 'Stable Diffusion 1',
  sd2: 'Stable Diffusion 2',
  sdxl: 'Stable Diffusion XL',
  sd_v1: 'Stable Diffusion 1',
  sd_v2: 'Stable Diffusion 2',
  'sdxl_base_v1-0': 'Stable Diffusion XL',
  'stable-diffusion-v1/lora': 'Stable Diffusion 1',
  'stable-diffusion-v2/lora': 'Stable Diffusion 2',
  'stable-diffusion-xl-v1-base/lora': 'Stable Diffusion XL',
  'stable-diffusion-v1/guide': 'Guide for Stable Diffusion 1',
  'stable-diffusion-v2/guide': 'Guide for Stable Diffusion 2',
  'stable-diffusion-xl-v1-base/guide': 'Guide for Stable Diffusion XL',
}

const kinds = {
  base: 'Base',
  guide: 'Guide',
  lora: 'LoRA',
  vae: 'VAE',
  embedding: 'Embedding',
  other: 'Other',
} as const

/** What a model is, in a word. */
export const kindWord = (kind: ModelCard['kind']): string => kinds[kind]

/** The family that a model belongs to; one that we have no word for keeps its name. */
export const familyWord = (architecture: string | null): string =>
  architecture === null ? 'Unknown family' : (architectures[architecture] ?? architecture)

/** What a card says under a model's name: the family of a base, a guide or a LoRA, what any other thing is. */
export function sortWord({ kind, architecture }: Pick<ModelCard, 'kind' | 'architecture'>): string {
  if (kind !== 'vae' && kind !== 'embedding') return familyWord(architecture)
  return architecture === null ? kindWord(kind) : `${kindWord(kind)} for ${familyWord(architecture)}`
}

/** `1.1 billion`, `860 million`, `52,000`: how many numbers a network has. */
export function parametersWord(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} billion`
  if (count >= 1e6) return `${Math.round(count / 1e6)} million`
  return count.toLocaleString()
}

/** How sure we are of what the header does not say. */
export function predictionWord({
  predictionType,
  predictionSure,
}: Pick<ModelSheet, 'predictionType' | 'predictionSure'>): string | null {
  if (predictionType === null) return null
  const plain = predictionType.replace('_prediction', '')
  return predictionSure ? plain : `${plain}, a guess: the file does not say`
}

/** Where a model lies. */
export function placeWord({ place, folder, path }: ModelCard): string {
  if (place === 'shipped') return 'Comes with the studio'
  if (folder !== null) return `In your folder ${folder}`
  if (place === 'in place') return `Used where it is: ${path}`
  return place === 'linked' ? 'Linked into the library' : 'In the library'
}

/** What removing a model does to its file, before it is done. */
export function removalWord({ place, folder, path }: ModelCard): string {
  if (folder !== null) return `It is hidden here. Its file stays in ${folder}; nothing in there is changed.`
  if (place === 'linked') return 'Only the link goes. The file that it leads to stays where it is.'
  if (place === 'in place') return `It is taken off the list. Its file stays where it is: ${path}.`
  return `Its file goes to the system's trash: ${path}.`
}

/** What each way of adding does. */
export const wayWords = {
  link: { label: 'Link', note: 'No second copy. It stays usable if the original is moved on the same disk.' },
  copy: { label: 'Copy', note: 'Its own copy in the library; the original can go.' },
  'in place': { label: 'Use it where it is', note: 'Nothing is written. It is gone here if the file is moved.' },
} as const
