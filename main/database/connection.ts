import { existsSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { drizzle } from './drizzle.ts'
import { DamagedError, understood } from './failures.ts'
import { migrate } from './migrate.ts'

/** An open database; `$client` is better-sqlite3's own. */
export type Connection = BetterSQLite3Database & { readonly $client: Sqlite.Database }

/**
 * Opens a database file and brings its schema up to date. UserError: the file cannot be opened, or a later studio wrote
 * it. DamagedError: it is no whole database.
 */
export function connect(file: string): Connection {
  // SQLite deletes its log when it is closed: one that is there tells of an unclean end
  const unclean = existsSync(`${file}-wal`)
  let client: Sqlite.Database | undefined
  try {
    client = new Sqlite(file)
    client.pragma('busy_timeout = 5000')
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
  }
}

function check(client: Sqlite.Database): void {
  const result = client.pragma('quick_check(1)', { simple: true })
  if (result !== 'ok') throw new DamagedError(String(result))
}
