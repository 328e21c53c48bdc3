import { stat } from 'node:fs/promises'
import type { ModelHashes } from '../../models/checkpoint/hashes.ts'
import { UserError } from '../../models/errors.ts'
import type { ModelRow } from '../database/queries/models.ts'
import { type Catalog, isSame } from './catalog.ts'
import { type Stamp, stampOf } from './facts.ts'

/** By which people look models up: bases by AutoV2, LoRAs by AutoV3. */
export type Hashes = Pick<ModelHashes, 'autoV2' | 'autoV3'>

/**
 * Hashes in the background, one file at a time; each is computed once for (path, size, modification time). Imported
 * models are hashed when they come in; those of other programs' folders, of which there may be terabytes, when they
 * are first used.
 */
export class Hashing {
  readonly #catalog: Catalog
  readonly #waiting = new Map<string, Promise<Hashes | undefined>>()
  /** Of all files that were read, as long as the studio runs: also of those that are not in the library. */
  readonly #known = new Map<string, Stamp & { readonly hashes: ModelHashes }>()
  #last: Promise<unknown> = Promise.resolve()
  #done = 0

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  /** Hashes the imported models that have no hash yet. */
  async open(): Promise<void> {
    for (const row of await this.#catalog.database.models.imported()) if (row.autoV2 === null) this.begin(row)
  }

  /** Sees to it that a model has a hash some time. */
  begin(row: ModelRow): void {
    this.of(row).catch(() => undefined)
  }

  /** The hashes of a model's file; undefined for a folder, which has none. Throws UserError where it cannot be read. */
  async of(row: ModelRow): Promise<Hashes | undefined> {
    const { autoV2, autoV3 } = row
    return autoV2 === null || autoV3 === null
      ? this.#once(this.#catalog.places.whole(row.path), row)
      : { autoV2, autoV3 }
  }

  /** The same of a file that is not in the library. */
  ofPath(path: string): Promise<Hashes | undefined> {
    return this.#once(path)
  }

  #once(path: string, row?: ModelRow): Promise<Hashes | undefined> {
    // A row that comes while its file is read without it gets its hash in turn
    const key = row?.id ?? path
    const waiting = this.#waiting.get(key)
    if (waiting) return waiting
    const hash = this.#last.then(() => this.#hash(path, row))
    this.#last = hash.catch(() => undefined)
    const forget = () => {
      this.#waiting.delete(key)
      this.#done = this.#waiting.size === 0 ? 0 : this.#done + 1
    }
    this.#waiting.set(key, hash)
    hash.then(forget, forget)
    return hash
  }

  async #hash(path: string, row: ModelRow | undefined): Promise<Hashes | undefined> {
    const before = await stampOf(path)
    if ((await stat(path)).isDirectory()) return undefined
    const known = this.#known.get(path)
    const hashes = known && isSame(known, before) ? known.hashes : await this.#read(path, row?.name ?? path, before)
    this.#known.set(path, { ...before, hashes })
    if (row && isSame(row, before)) {
      await this.#catalog.database.models.change(row.id, hashes)
      this.#catalog.tellChanged()
    }
    return hashes
  }

  async #read(path: string, name: string, before: Stamp): Promise<ModelHashes> {
    const tell = (done: number) =>
      this.#catalog.tellProgress(`Hashing ${name}`, this.#done + done, this.#done + this.#waiting.size)
    tell(0)
    const hashes = await this.#catalog.worker.ask('hash', path)
    if (!isSame(before, await stampOf(path)))
      throw new UserError(`${path} changed while it was read.`, 'Wait until it is whole.')
    tell(1)
    return hashes
  }
}
