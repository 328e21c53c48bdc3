import { basename, resolve } from 'node:path'
import { asBaseForVae } from '../../models/checkpoint/as-base.ts'
import { asEmbedding } from '../../models/checkpoint/as-embedding.ts'
import { asGuide } from '../../models/checkpoint/as-guide.ts'
import { asLora } from '../../models/checkpoint/as-lora.ts'
import { asVae } from '../../models/checkpoint/as-vae.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { UserError } from '../../models/errors.ts'
import { shipped } from '../paths.ts'
import { isId } from './card.ts'
import { type Catalog, isThere } from './catalog.ts'
import type { ModelChoice } from './choice.ts'
import { type ModelFacts, nameOf, stemOf } from './facts.ts'
import { shippedGuide } from './guides.ts'
import type { Hashes, Hashing } from './hashing.ts'
import { overridesOf } from './overrides.ts'
import { shippedIds } from './shipped-ids.ts'

const noHash = () => Promise.resolve(undefined)

/**
 * Finds the base of an id or a path; an id of the library goes first. Throws UserError where there is none, or it
 * cannot be painted with: the sentence says why.
 */
export async function resolveBase(wanted: string, catalog: Catalog, hashing: Hashing): Promise<ModelChoice> {
  if (wanted === shippedIds.base) {
    requireUsable(await catalog.demo())
    return { ref: wanted, path: shipped.demo, name: basename(shipped.demo), hash: noHash }
  }
  return resolveModel(wanted, 'base', catalog, hashing)
}

/** Finds the guide of an id or a path in the same way. */
export async function resolveGuide(wanted: string, catalog: Catalog, hashing: Hashing): Promise<ModelChoice> {
  return wanted === shippedGuide.ref ? shippedGuide : resolveModel(wanted, 'guide', catalog, hashing)
}

/** All guides of the library that are there, the shipped one last. */
export async function allGuides(catalog: Catalog, hashing: Hashing): Promise<ModelChoice[]> {
  const cards = (await catalog.cards()).filter(
    ({ kind, usable, place }) => kind === 'guide' && usable && place !== 'shipped',
  )
  const guides = await Promise.all(
    cards.map(({ id }) => resolveModel(id, 'guide', catalog, hashing).catch(() => undefined)),
  )
  return [...guides.filter(guide => guide !== undefined), shippedGuide]
}

/**
 * Finds the LoRA that a prompt names: by its file's name, as A1111 does, by its name or its id in the library. Small
 * letters may stand for capitals. Throws UserError where there is none.
 */
export async function loraNamed(name: string, catalog: Catalog, hashing: Hashing): Promise<ModelChoice> {
  const loras = (await catalog.cards()).filter(({ kind }) => kind === 'lora')
  const called = (wanted: string, of: (text: string) => string) =>
    loras.find(({ path }) => of(stemOf(path)) === wanted) ??
    loras.find(card => of(card.name) === wanted || of(nameOf(card.path)) === wanted || of(card.id) === wanted)
  const small = (text: string) => text.toLowerCase()
  const found = called(name, text => text) ?? called(small(name), small)
  if (found) return resolveModel(found.id, 'lora', catalog, hashing)
  throw new UserError(
    `There is no LoRA ${name} in the library.`,
    'Add its file in Models, or take its name out of the prompt.',
  )
}

/** What each kind of model is told by: throws the sentence for one that is none. */
const kinds = { base: asBaseForVae, guide: asGuide, vae: asVae, lora: asLora, embedding: asEmbedding }

/** Finds the model of an id or a path, of a kind. Throws UserError where there is none, or it is another or damaged. */
export async function resolveModel(
  wanted: string,
  kind: keyof typeof kinds,
  catalog: Catalog,
  hashing: Hashing,
): Promise<ModelChoice> {
  const { models } = catalog.database
  const shown = async (hashes: Promise<Hashes | undefined>) => (await hashes)?.[kind === 'lora' ? 'autoV3' : 'autoV2']
  // A path of the library is its model: its hash is known, and what only painting showed
  const row =
    (isId(wanted) ? await models.get(wanted) : undefined) ?? (await models.atPath(catalog.places.kept(resolve(wanted))))
  if (row) {
    const path = catalog.places.whole(row.path)
    if (!(await isThere(path)))
      throw new UserError(`${row.name} is not there: ${path} does not exist.`, 'Bring the file or its disk back.')
    const now = await catalog.lookAgain(row)
    if (now.kind !== kind) kinds[kind](await describeModel(path))
    if (!now.usable) {
      // The sentence of the headers comes with what to do; what only painting showed is in the row.
      requireUsable(await catalog.look(path, overridesOf(now)))
      throw new UserError(now.problem ?? `${row.name} cannot be painted with.`)
    }
    return { ref: row.id, path, name: stemOf(path), overrides: overridesOf(now), hash: () => shown(hashing.of(now)) }
  }
  const path = resolve(wanted)
  if (isId(wanted) && !(await isThere(path)))
    throw new UserError(
      `There is no model ${wanted} in the library, and no file of that name.`,
      'Choose one of the library, or the path of a model file.',
    )
  const facts = await catalog.look(path)
  if (facts.kind !== kind) kinds[kind](await describeModel(path))
  requireUsable(facts)
  return { ref: path, path, name: stemOf(path), hash: () => shown(hashing.ofPath(path)) }
}

function requireUsable({ usable, problem, hint }: ModelFacts): void {
  if (!usable) throw new UserError(problem ?? 'This model cannot be painted with.', hint ?? '')
}
