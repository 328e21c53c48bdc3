import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { understood } from './failures.ts'

/** The database of a data folder. */
export const databaseFile = (data: string): string => join(data, 'studio.sqlite')

/**
 * Takes a database file for this process: a transaction that excludes all others, on the empty file `FILE.held` beside
 * it. The system ends it with the process, however that dies, so that nothing is ever left to be taken over. Returns what
 * gives the file free; undefined where it is taken. UserError: the file beside it cannot be opened.
 */
export function hold(file: string): (() => void) | undefined {
  // It stays when it is free: whoever takes it next may have opened it. Nothing but SQLite may open it, as closing any
  // handle on it would end this process's own lock.
  const path = `${file}.held`
  let client: Sqlite.Database | undefined
  try {
    client = new Sqlite(path, { timeout: 0 })
    // No journal lies beside it
    client.pragma('journal_mode = MEMORY')
    client.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    client?.close()
    if (error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY')) return undefined
    throw understood(error, path)
  }
  return () => client.close()
}
