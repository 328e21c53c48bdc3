import { existsSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { UserError } from '../../models/errors.ts'
import { drizzle } from './drizzle.ts'
import { DamagedError, understood } from './failures.ts'
import { hold } from './hold.ts'
import { isBehind, migrate } from './migrate.ts'

/** An open database; `$client` is better-sqlite3's own. */
export type Connection = BetterSQLite3Database & { readonly $client: Sqlite.Database }

/** How long to wait for another process that is bringing the file up to date, in milliseconds. */
const patience = 3000

/**
 * Opens a database file and brings its schema up to date; one that is `shared`, which a studio may be using, only while
 * nobody holds it. UserError: the file cannot be opened, or a later studio wrote it. DamagedError: it is no whole database.
 */
export function connect(file: string, shared: boolean): Connection {
  // SQLite deletes its log when it is closed: one that is there tells of an unclean end, or of a studio that runs
  const unclean = !shared && existsSync(`${file}-wal`)
  let client: Sqlite.Database | undefined
  let release: (() => void) | undefined
  try {
    client = new Sqlite(file)
    client.pragma('busy_timeout = 5000')
    if (shared) release = holdToMigrate(client, file)
    client.pragma('journal_mode = WAL')
    client.pragma('synchronous = NORMAL')
    // Deleting 100,000 pictures would leave a log of hundreds of megabytes
    client.pragma('journal_size_limit = 67108864')
    if (unclean) check(client)
    migrate(client, file)
    client.pragma('foreign_keys = ON')
    return drizzle(client)
  } catch (error) {
    client?.close()
    throw understood(error, file)
  } finally {
    release?.()
  }
}

/** Holds a file that is to be brought up to date; nothing where that is not needed, or has been done meanwhile. */
function holdToMigrate(client: Sqlite.Database, file: string): (() => void) | undefined {
  for (const end = Date.now() + patience; isBehind(client); sleep(50)) {
    const release = hold(file)
    if (release) return release
    if (Date.now() > end)
      throw new UserError('A studio of an earlier version is using the data folder.', 'Close it and try again.')
  }
  return undefined
}

const sleep = (milliseconds: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)

function check(client: Sqlite.Database): void {
  const result = client.pragma('quick_check(1)', { simple: true })
  if (result !== 'ok') throw new DamagedError(String(result))
}
