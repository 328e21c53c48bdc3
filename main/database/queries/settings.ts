import type { Connection } from '../connection.ts'
import { eq, sql } from '../drizzle.ts'
import { settings as table } from '../schema.ts'

/** Small things that are kept, by key. */
export function settings(db: Connection) {
  const read = db
    .select({ value: table.value })
    .from(table)
    .where(eq(table.key, sql.placeholder('key')))
    .prepare()
  const write = db
    .insert(table)
    .values({ key: sql.placeholder('key'), value: sql.placeholder('value') })
    .onConflictDoUpdate({ target: table.key, set: { value: sql`excluded.value` } })
    .prepare()
  return {
    /** The value; undefined where there is none. */
    get: (key: string): unknown => read.get({ key })?.value ?? undefined,
    /** `value` is anything that JSON holds. */
    set(key: string, value: unknown): void {
      write.run({ key, value })
    },
  }
}
