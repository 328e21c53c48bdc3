import type { ModelCard } from '../../preload/contract/models.ts'
import type { ModelRow, NewModel } from '../database/queries/models.ts'
import type { ModelFacts } from './facts.ts'
import type { Places } from './places.ts'
import { isShipped, shippedIds } from './shipped-ids.ts'

/** A row as the window shows it; `missing` is one whose files are not there at the moment. */
export function cardOf(row: ModelRow, places: Places, missing: boolean): ModelCard {
  const { id, kind, name, architecture, size, dtype, parameters, autoV2, autoV3, place, folder, nativeSize } = row
  const path = places.whole(row.path)
  return {
    id,
    kind,
    name,
    architecture,
    path,
    size,
    dtype,
    parameters,
    hash: kind === 'lora' ? autoV3 : autoV2,
    place,
    folder,
    usable: row.usable && !missing,
    problem: missing ? `${path} is not there at the moment.` : row.problem,
    nativeSize,
    hasPreview: row.preview !== null,
    chosenArchitecture: row.chosenArchitecture,
    chosenPrediction: row.chosenPrediction && (row.chosenPrediction === 'v_prediction' ? 'v' : 'epsilon'),
  }
}

/** The demo model as a card: it has no row. */
export const demoCard = (path: string, facts: ModelFacts): ModelCard => ({
  id: shippedIds.base,
  kind: 'base',
  name: 'Demo model',
  architecture: facts.architecture,
  path,
  size: facts.size,
  dtype: facts.dtype,
  parameters: facts.parameters,
  hash: null,
  place: 'shipped',
  folder: null,
  usable: facts.usable,
  problem: facts.problem,
  nativeSize: facts.nativeSize,
  hasPreview: false,
  chosenArchitecture: null,
  chosenPrediction: null,
})

/** The guide that ships with the studio as a card. */
export const demoGuideCard = (path: string, facts: ModelFacts): ModelCard => ({
  ...demoCard(path, facts),
  id: shippedIds.guide,
  kind: 'guide',
  name: 'Demo guide',
  nativeSize: null,
})

/** The columns that a look at the headers fills. */
export const columnsOf = (
  facts: ModelFacts,
): Omit<NewModel, 'name' | 'path' | 'place' | 'folder' | 'preview' | 'autoV2' | 'autoV3'> => ({
  kind: facts.kind,
  architecture: facts.architecture,
  size: facts.size,
  modified: facts.modified,
  dtype: facts.dtype,
  parameters: facts.parameters,
  predictionType: facts.predictionType,
  nativeSize: facts.nativeSize,
  usable: facts.usable,
  problem: facts.problem,
})

/** The id that a model would like to have: its name in small letters, digits and hyphens; never one that is shipped. */
export function idFrom(name: string): string {
  const slug = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 48)
    .replaceAll(/^-+|-+$/g, '')
  return isShipped(slug) ? `${slug}-model` : slug || 'model'
}

/** Whether a text can be an id at all. */
export const isId = (text: string): boolean => /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(text)
