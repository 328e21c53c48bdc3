import type { SQL } from 'drizzle-orm'
import type { Connection } from '../connection.ts'
import { asc, eq, inArray, isNull } from '../drizzle.ts'
import { modelFolders, models as table } from '../schema.ts'

/** A model as it is kept; `path` is as the library wrote it. */
export type ModelRow = typeof table.$inferSelect
export type NewModel = Omit<ModelRow, 'id' | 'created' | 'chosenArchitecture' | 'chosenPrediction'>
export type ModelChanges = Partial<Omit<ModelRow, 'id' | 'created'>>

/** The library: models on disk, and the folders that they are used in. */
export function models(db: Connection) {
  const has = (condition: SQL): boolean =>
    db.select({ id: table.id }).from(table).where(condition).limit(1).get() !== undefined
  const isTaken = (id: string): boolean => has(eq(table.id, id))

  /** `name`, `name-2`, `name-3`...: the first that is free. */
  function freeId(wanted: string): string {
    if (!isTaken(wanted)) return wanted
    for (let n = 2; ; n++) if (!isTaken(`${wanted}-${n}`)) return `${wanted}-${n}`
  }

  function add(wantedId: string, model: NewModel): ModelRow {
    const row = { id: freeId(wantedId), ...model, created: Date.now() }
    return db.insert(table).values(row).returning().get()
  }

  /** Another id for the model that has this one, if any has. */
  function giveId(id: string, wantedId: string): void {
    if (isTaken(id))
      db.update(table)
        .set({ id: freeId(wantedId) })
        .where(eq(table.id, id))
        .run()
  }

  /** Undefined where there is no such model. */
  const change = (id: string, changes: ModelChanges): ModelRow | undefined =>
    db.update(table).set(changes).where(eq(table.id, id)).returning().get()

  return {
    add,
    change,
    giveId,
    list: (): ModelRow[] => db.select().from(table).orderBy(asc(table.kind), asc(table.name), asc(table.id)).all(),
    get: (id: string): ModelRow | undefined => db.select().from(table).where(eq(table.id, id)).get(),
    atPath: (path: string): ModelRow | undefined => db.select().from(table).where(eq(table.path, path)).get(),
    /** Those that a person imported, not those of models folders. */
    imported: (): ModelRow[] => db.select().from(table).where(isNull(table.folder)).all(),
    inFolder: (folder: string): ModelRow[] => db.select().from(table).where(eq(table.folder, folder)).all(),
    remove(ids: readonly string[]): void {
      for (let at = 0; at < ids.length; at += 500) {
        const some = ids.slice(at, at + 500)
        db.delete(table).where(inArray(table.id, some)).run()
      }
    },
    /** What was found in a folder, and what has changed there; a path that is known already is left as it is. */
    merge(found: readonly { wantedId: string; model: NewModel }[], changed: readonly [string, ModelChanges][]): void {
      for (const { wantedId, model } of found) if (!has(eq(table.path, model.path))) add(wantedId, model)
      for (const [id, changes] of changed) change(id, changes)
    },
    folders: (): string[] =>
      db
        .select({ path: modelFolders.path })
        .from(modelFolders)
        .orderBy(asc(modelFolders.created))
        .all()
        .map(({ path }) => path),
    addFolder(path: string): void {
      db.insert(modelFolders).values({ path, created: Date.now() }).onConflictDoNothing().run()
    },
    /** Its models go with it. */
    removeFolder(path: string): void {
      db.delete(modelFolders).where(eq(modelFolders.path, path)).run()
    },
  }
}
