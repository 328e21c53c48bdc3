import { basename, resolve } from 'node:path'
import { UserError } from '../../models/errors.ts'
import { shipped } from '../paths.ts'
import { isId } from './card.ts'
import { type Catalog, isThere } from './catalog.ts'
import { type ModelFacts, stemOf } from './facts.ts'
import type { Hashing } from './hashing.ts'

/** A base that can be painted with. */
export interface BaseChoice {
  /** What a request calls it: an id of the library, or an absolute path. */
  readonly ref: string
  /** Absolute path of its file or folder. */
  readonly path: string
  /** As pictures name it: the file's name without its ending. */
  readonly name: string
  /** AutoV2; undefined for a folder. Takes as long as reading the file where it has not been computed. */
  hash(): Promise<string | undefined>
}

const noHash = () => Promise.resolve(undefined)

/**
 * Finds the base of an id or a path; an id of the library goes first. Throws UserError where there is none, or it
 * cannot be painted with: the sentence says why.
 */
export async function resolveBase(wanted: string, catalog: Catalog, hashing: Hashing): Promise<BaseChoice> {
  if (wanted === 'demo') {
    requireUsable(await catalog.demo())
    return { ref: 'demo', path: shipped.demo, name: basename(shipped.demo), hash: noHash }
  }
  const row = isId(wanted) ? await catalog.database.models.get(wanted) : undefined
  if (row) {
    const path = catalog.places.whole(row.path)
    if (!(await isThere(path)))
      throw new UserError(`${row.name} is not there: ${path} does not exist.`, 'Bring the file or its disk back.')
    const now = await catalog.lookAgain(row)
    if (!now.usable) {
      // The sentence of the headers comes with what to do; what only painting showed is in the row.
      requireUsable(await catalog.look(path))
      throw new UserError(now.problem ?? `${row.name} cannot be painted with.`)
    }
    return { ref: row.id, path, name: stemOf(path), hash: () => hashing.of(now) }
  }
  const path = resolve(wanted)
  if (isId(wanted) && !(await isThere(path)))
    throw new UserError(
      `There is no model ${wanted} in the library, and no file of that name.`,
      'Choose one of the library, or the path of a model file.',
    )
  requireUsable(await catalog.look(path))
  return { ref: path, path, name: stemOf(path), hash: () => hashing.ofPath(path) }
}

function requireUsable({ usable, problem, hint }: ModelFacts): void {
  if (!usable) throw new UserError(problem ?? 'This model cannot be painted with.', hint ?? '')
}
