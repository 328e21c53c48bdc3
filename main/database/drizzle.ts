import { createRequire } from 'node:module'

/**
 * What is used of drizzle-orm, in its CommonJS form: of the other one, Node parses the package's huge package.json anew
 * for each of its 131 modules, which costs a third of a second and 150 MiB at every start.
 */
const require = createRequire(import.meta.url)

export const { and, asc, desc, eq, gte, inArray, isNull, max, sql } =
  require('drizzle-orm') as typeof import('drizzle-orm')
export const { index, integer, primaryKey, real, sqliteTable, text } =
  require('drizzle-orm/sqlite-core') as typeof import('drizzle-orm/sqlite-core')
export const { drizzle } = require('drizzle-orm/better-sqlite3') as typeof import('drizzle-orm/better-sqlite3')
