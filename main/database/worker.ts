import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { UserError } from '../../models/errors.ts'
import { type Connection, connect } from './connection.ts'
import { DamagedError, understood } from './failures.ts'
import type { Answer, Call, Opened, Opening, Told } from './messages.ts'
import { queries } from './queries/index.ts'
import { timestamp } from './timestamp.ts'

/** The thread that holds the database file: it answers one call after another, each in a transaction. */

const { file, shared } = workerData as Opening
type Functions = Readonly<Record<string, Readonly<Record<string, (...args: never[]) => unknown>>>>

interface Served {
  readonly db: Connection
  readonly modules: Functions
  readonly setAside?: string
}

/** Whether the next studio is to check the file: an unclean end that none has looked at yet, or damage that was met. */
let suspect = shared && existsSync(`${file}-wal`)

/** How often is seen whether another process has written, in milliseconds. */
const lookEvery = 1000

const tell = (answer: Answer | Opened | Told) => parentPort?.postMessage(answer)

function reasonOf(error: unknown): unknown {
  const reason = understood(error, file)
  if (reason instanceof DamagedError) suspect = true
  return reason
}

function failure(error: unknown): Pick<Extract<Answer, { error: unknown }>, 'error'> {
  const reason = reasonOf(error)
  const known = reason instanceof DamagedError ? damaged() : reason
  if (known instanceof UserError) return { error: { message: known.message, hint: known.hint, user: true } }
  return {
    error: { message: known instanceof Error ? (known.stack ?? known.message) : String(known), hint: '', user: false },
  }
}

const damaged = () =>
  new UserError(
    `The database ${file} is damaged.`,
    'Start the studio anew: it puts the file aside and builds the gallery from the pictures.',
  )

/** A damaged file is put aside under another name, with its log, and a new one begun; not one that others may be using. */
function open(): Served {
  try {
    return begin()
  } catch (error) {
    if (shared || !(error instanceof DamagedError)) throw error
    const setAside = `${file}.damaged.${timestamp()}`
    renameSync(file, setAside)
    for (const end of ['-wal', '-shm'])
      try {
        renameSync(file + end, setAside + end)
      } catch {
        // There was none
      }
    suspect = false
    return { ...begin(), setAside }
  }
}

function begin(): Served {
  const db = connect(file, shared)
  try {
    const modules = Object.fromEntries(Object.entries(queries).map(([name, make]) => [name, make(db)]))
    return { db, modules }
  } catch (error) {
    const reason = reasonOf(error)
    close(db)
    throw reason
  }
}

function close({ $client }: Connection): void {
  $client.close()
  // That deletes the log, by which the next studio knows of an unclean end
  if (suspect) writeFileSync(`${file}-wal`, '', { flag: 'a' })
}

function serve({ db, modules, setAside }: Served): void {
  const inTransaction = db.$client.transaction((work: () => unknown) => work())
  const stopLooking = shared ? () => undefined : lookForForeignWrites(db)
  parentPort?.on('message', ({ id, module, name, args }: Call) => {
    try {
      if (module === undefined) {
        stopLooking()
        close(db)
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

/** Tells when another process has written; the returned function ends it. */
function lookForForeignWrites({ $client }: Connection): () => void {
  // It counts the transactions of every connection but this one
  const version = $client.prepare('PRAGMA data_version').pluck()
  let known = version.get()
  const timer = setInterval(() => {
    try {
      const now = version.get()
      if (now !== known) tell({ foreignWrite: true })
      known = now
    } catch {
      // Who asks for something is told why
    }
  }, lookEvery).unref()
  return () => clearInterval(timer)
}

try {
  serve(open())
} catch (error) {
  tell({ id: 0, ...failure(error) })
  parentPort?.close()
}
