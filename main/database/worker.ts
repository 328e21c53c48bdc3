import { renameSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { UserError } from '../../models/errors.ts'
import { type Connection, connect } from './connection.ts'
import { DamagedError, understood } from './failures.ts'
import type { Answer, Call, Opened } from './messages.ts'
import { queries } from './queries/index.ts'
import { timestamp } from './timestamp.ts'

/** The thread that holds the database file: it answers one call after another, each in a transaction. */

const { file } = workerData as { file: string }
type Functions = Readonly<Record<string, Readonly<Record<string, (...args: never[]) => unknown>>>>

const tell = (answer: Answer | Opened) => parentPort?.postMessage(answer)

function failure(error: unknown): Pick<Extract<Answer, { error: unknown }>, 'error'> {
  const known = understood(error, file)
  if (known instanceof UserError) return { error: { message: known.message, hint: known.hint, user: true } }
  return {
    error: { message: known instanceof Error ? (known.stack ?? known.message) : String(known), hint: '', user: false },
  }
}

/** A damaged file is put aside under another name, with its log, and a new one begun. */
function open(): { db: Connection; setAside?: string } {
  try {
    return { db: connect(file) }
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error
    const setAside = `${file}.damaged.${timestamp()}`
    renameSync(file, setAside)
    for (const end of ['-wal', '-shm'])
      try {
        renameSync(file + end, setAside + end)
      } catch {
        // There was none
      }
    return { db: connect(file), setAside }
  }
}

function serve({ db, setAside }: { db: Connection; setAside?: string }): void {
  const modules: Functions = Object.fromEntries(Object.entries(queries).map(([name, make]) => [name, make(db)]))
  const inTransaction = db.$client.transaction((work: () => unknown) => work())
  parentPort?.on('message', ({ id, module, name, args }: Call) => {
    try {
      if (module === undefined) {
        db.$client.close()
        tell({ id, result: undefined })
        parentPort?.close()
        return
      }
      const query = modules[module]?.[name] as (...args: unknown[]) => unknown
      tell({ id, result: inTransaction(() => query(...args)) })
    } catch (error) {
      tell({ id, ...failure(error) })
    }
  })
  const names = Object.entries(modules).map(([name, functions]) => [name, Object.keys(functions)] as const)
  tell({ modules: Object.fromEntries(names), setAside })
}

try {
  serve(open())
} catch (error) {
  tell({ id: 0, ...failure(error) })
  parentPort?.close()
}
