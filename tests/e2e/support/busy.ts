import { setTimeout as wait } from 'node:timers/promises'
import { type Connection, Refused } from './api.ts'

/** What the studio has said to be done, over all its lives. */
export class Ledger {
  /** Seeds of all pictures that were asked for and taken into the queue. */
  readonly asked: number[] = []
  readonly #added = new Map<number, number>()
  /** Where a removal was asked for and the answer did not come, both ends are right. */
  readonly #unsure = new Set<number>()
  readonly #removed = new Set<number>()
  /** Counts of what was done. */
  imports = 0
  restored = 0
  #seed = 0

  nextSeeds(count: number): number {
    const first = this.#seed
    this.#seed += count
    return first
  }

  add(id: number, seed: number): void {
    this.#added.set(id, seed)
  }

  begin(ids: readonly number[]): void {
    for (const id of ids) this.#unsure.add(id)
  }

  end(ids: readonly number[], removed: boolean): void {
    for (const id of ids) {
      this.#unsure.delete(id)
      if (removed) this.#removed.add(id)
      else this.#removed.delete(id)
    }
  }

  /** Pictures that must be there. */
  get kept(): number[] {
    return [...this.#added.keys()].filter(id => !this.#unsure.has(id) && !this.#removed.has(id))
  }

  /** Pictures that must not be there. */
  get removed(): number[] {
    return [...this.#removed].filter(id => !this.#unsure.has(id))
  }

  get seedsOfRemoved(): number[] {
    return [...this.#removed, ...this.#unsure].flatMap(id => this.#added.get(id) ?? [])
  }

  get summary(): string {
    const { size } = this.#added
    return `${this.asked.length} asked for, ${size} told of, ${this.removed.length} removed, ${this.restored} restored, ${this.imports} imports`
  }
}

/** Paints, imports and deletes until the studio is gone. What it refuses in a sentence is fine, a fault is not. */
export async function busy(connection: Connection, model: string, ledger: Ledger, end: AbortSignal): Promise<void> {
  const { api, on } = connection
  on('gallery.changed', ({ added }) => {
    for (const { id, seed } of added) ledger.add(id, seed)
  })
  const forever = async (work: () => Promise<void>) => {
    try {
      while (!end.aborted) await work()
    } catch (error) {
      // The connection ends with the studio.
      if (error instanceof Refused) throw error
    }
  }
  await Promise.all([
    forever(() => paint(connection, ledger)),
    forever(() => importAndRemove(connection, model, ledger)),
    forever(async () => {
      const { items } = await api.gallery.page({})
      // Some stay, so that there is something to lose.
      const some = items.slice(3).filter(() => Math.random() < 0.2)
      for (const { id, seed } of some) ledger.add(id, seed)
      const ids = some.map(({ id }) => id)
      if (ids.length > 0) await removeAndPerhapsRestore(connection, ids, ledger)
      await wait(100)
    }),
  ])
}

async function paint({ api }: Connection, ledger: Ledger): Promise<void> {
  const { jobs } = await api.queue.state({})
  if (jobs.length > 3) return wait(50)
  const count = 1 + Math.floor(Math.random() * 3)
  const seed = ledger.nextSeeds(count)
  await api.queue.enqueue({ prompt: 'a ball', seed, count, steps: 2, width: 64, height: 64 })
  for (let i = 0; i < count; i++) ledger.asked.push(seed + i)
}

async function importAndRemove({ api }: Connection, path: string, ledger: Ledger): Promise<void> {
  const way = Math.random() < 0.5 ? 'copy' : 'link'
  const { model } = await api.models.import({ source: { path }, way })
  ledger.imports++
  await wait(Math.random() * 100)
  await api.models.remove({ id: model.id })
}

async function removeAndPerhapsRestore({ api }: Connection, ids: number[], ledger: Ledger): Promise<void> {
  ledger.begin(ids)
  const { undo } = await api.gallery.remove({ ids })
  ledger.end(ids, true)
  if (Math.random() < 0.5) return
  ledger.begin(ids)
  await api.gallery.restore({ undo })
  ledger.end(ids, false)
  ledger.restored += ids.length
}
