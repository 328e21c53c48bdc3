import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { UserError } from '../../models/errors.ts'
import type { Answer, Call, Opened, Opening, Told } from './messages.ts'
import type { queries } from './queries/index.ts'

type Queries = typeof queries

/** A module's functions, as they are called from another thread. */
type Remote<F> = {
  readonly [K in keyof F]: F[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<R> : never
}

/** The functions of `queries`, each run as one transaction in the database's own thread, one after another. */
export type Database = { readonly [M in keyof Queries]: Remote<ReturnType<Queries[M]>> } & {
  /** Where a damaged file was put, when a new one had to be begun. */
  readonly setAside: string | undefined
  /** Calls `listener` about a second after another process has written; never where the file is shared. */
  onForeignWrite(listener: () => void): void
  /** Waits for what was asked before. */
  close(): Promise<void>
}

export interface DatabaseOptions {
  /**
   * Whether a studio may be using the file too. If so, a damaged one is left as it is, and the schema is only brought up to
   * date while nobody holds the file; if not, the caller holds it (see `hold`).
   */
  readonly shared?: boolean
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: Error) => void
}

/**
 * Opens a database file, or begins one; its folder is made. The schema is brought up to date, and a damaged file put aside.
 * UserError: it cannot be opened or written, a later studio wrote it, or it is damaged and shared.
 */
export async function openDatabase(file: string, { shared = false }: DatabaseOptions = {}): Promise<Database> {
  await mkdir(dirname(file), { recursive: true }).catch(cause => {
    throw new UserError(`The folder ${dirname(file)} cannot be made.`, 'Choose another data folder.', { cause })
  })
  const workerData: Opening = { file, shared }
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData, name: 'database' })
  const waiting = new Map<number, Waiting>()
  const listeners: (() => void)[] = []
  /** Whether something was written before anybody listened. */
  let missed = false
  let last = 0
  let ended: Error | undefined

  const ask = (call: Omit<Call, 'id'>): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (ended) return reject(ended)
      waiting.set(++last, { resolve, reject })
      worker.postMessage({ id: last, ...call } satisfies Call)
    })
  const end = (reason: Error) => {
    ended ??= reason
    for (const { reject } of waiting.values()) reject(ended)
    waiting.clear()
  }

  const { modules, setAside } = await new Promise<Opened>((resolve, reject) => {
    waiting.set(0, { resolve: value => resolve(value as Opened), reject })
    worker.on('message', (message: Answer | Opened | Told) => {
      if ('foreignWrite' in message) {
        missed = listeners.length === 0
        for (const listener of listeners) listener()
        return
      }
      const id = 'modules' in message ? 0 : message.id
      const call = waiting.get(id)
      waiting.delete(id)
      if ('modules' in message) call?.resolve(message)
      else if ('error' in message) call?.reject(asError(message.error))
      else call?.resolve(message.result)
    })
    worker.on('error', end)
    worker.on('exit', () => end(new Error('The database is closed.')))
  })

  const functions = Object.entries(modules).map(([module, names]) => [
    module,
    Object.fromEntries(names.map(name => [name, (...args: unknown[]) => ask({ module, name, args })])),
  ])
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= ask({ name: 'close', args: [] }).then(() => undefined)
    return closing
  }
  const onForeignWrite = (listener: () => void) => {
    listeners.push(listener)
    if (missed) listener()
    missed = false
  }
  return { ...Object.fromEntries(functions), setAside, onForeignWrite, close } as Database
}

function asError({ message, hint, user }: { message: string; hint: string; user: boolean }): Error {
  return user ? new UserError(message, hint) : new Error(message)
}
