import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { UserError } from '../../models/errors.ts'
import type { Answer, Call, Opened } from './messages.ts'
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
  /** Waits for what was asked before. */
  close(): Promise<void>
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: Error) => void
}

/**
 * Opens a database file, or begins one; its folder is made. The schema is brought up to date, and a damaged file put aside.
 * UserError: it cannot be opened or written, or a later studio wrote it.
 */
export async function openDatabase(file: string): Promise<Database> {
  await mkdir(dirname(file), { recursive: true }).catch(cause => {
    throw new UserError(`The folder ${dirname(file)} cannot be made.`, 'Choose another data folder.', { cause })
  })
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: { file }, name: 'database' })
  const waiting = new Map<number, Waiting>()
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
    worker.on('message', (message: Answer | Opened) => {
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
  return { ...Object.fromEntries(functions), setAside, close } as Database
}

function asError({ message, hint, user }: { message: string; hint: string; user: boolean }): Error {
  return user ? new UserError(message, hint) : new Error(message)
}
