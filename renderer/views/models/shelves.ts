import type { ModelCard } from '../../../preload/contract/models.ts'

/** A shelf of the library; `empty` says what would stand there. */
export interface Shelf {
  readonly title: string
  readonly empty: string
  readonly cards: readonly ModelCard[]
}

const kept: readonly { title: string; empty: string; kinds: readonly ModelCard['kind'][] }[] = [
  { title: 'Bases', empty: 'No base yet: drop one here, or add your models folder.', kinds: ['base'] },
  { title: 'Guides', empty: 'No guide yet. A guide makes guidance cost one pass a step.', kinds: ['guide'] },
  { title: 'LoRAs', empty: 'No LoRA yet: drop one here.', kinds: ['lora'] },
  { title: 'Others', empty: 'No VAE, embedding or other file yet.', kinds: ['vae', 'embedding', 'other'] },
]

/** All models on their shelves, by name; the demo model stands last, and what cannot be used behind what can. */
export const shelves = (models: readonly ModelCard[]): Shelf[] =>
  kept.map(({ title, empty, kinds }) => ({
    title,
    empty,
    cards: models.filter(model => kinds.includes(model.kind)).toSorted(byUse),
  }))

const rank = (model: ModelCard): number => Number(!model.usable) * 2 + Number(model.place === 'shipped')

const byUse = (a: ModelCard, b: ModelCard): number =>
  rank(a) - rank(b) || a.name.localeCompare(b.name, undefined, { numeric: true, sensitivity: 'base' })
