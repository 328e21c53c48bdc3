import { existsSync, readFileSync, rmSync } from 'node:fs'
import type { Database } from 'better-sqlite3'
import { UserError } from '../../models/errors.ts'
import { timestamp } from './timestamp.ts'

const folder = new URL('../../resources/migrations/', import.meta.url)

/** What drizzle-kit keeps of the migrations that it wrote. */
interface Journal {
  readonly entries: readonly { readonly tag: string }[]
}

const journal = (): Journal => JSON.parse(readFileSync(new URL('meta/_journal.json', folder), 'utf8'))

/** The SQL of every migration, oldest first. `user_version` of a file counts those that it has been through. */
function migrations(): readonly string[] {
  return journal().entries.map(({ tag }) => readFileSync(new URL(`${tag}.sql`, folder), 'utf8'))
}

const versionOf = (db: Database): number => Number(db.pragma('user_version', { simple: true }))

/** Whether there are migrations that a database has not been through. */
export const isBehind = (db: Database): boolean => versionOf(db) < journal().entries.length

/**
 * Brings a database up to date, each migration in a transaction of its own. A file that was in use before is copied first, to
 * `FILE.before-2.TIME`. UserError: a later version of the studio wrote it.
 */
export function migrate(db: Database, file: string, all: readonly string[] = migrations()): void {
  const version = versionOf(db)
  if (version > all.length)
    throw new UserError(`${file} was written by a later version of Cicerone Studio.`, 'Update Cicerone Studio.')
  if (version === all.length) return
  if (version > 0) backUp(db, `${file}.before-${all.length}.${timestamp()}`)
  // Altering a table drops it and makes it anew, which must not reach the rows that refer to it
  db.pragma('foreign_keys = OFF')
  for (const [index, text] of all.entries()) if (index >= version) apply(db, text, index + 1)
}

function apply(db: Database, text: string, version: number): void {
  const all = db.transaction(() => {
    // Another process may have been faster
    if (versionOf(db) >= version) return
    db.exec(text)
    const broken = db.pragma('foreign_key_check') as unknown[]
    if (broken.length > 0) throw new Error(`Migration ${version} leaves ${broken.length} rows that refer to nothing.`)
    db.pragma(`user_version = ${version}`)
  })
  all.immediate()
}

function backUp(db: Database, to: string): void {
  const isNew = !existsSync(to)
  try {
    db.prepare('VACUUM INTO ?').run(to)
  } catch (error) {
    if (isNew) rmSync(to, { force: true })
    throw error
  }
}
