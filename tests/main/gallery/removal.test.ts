import { cp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { painted } from './painted.ts'
import { newData, opened } from './support.ts'

/** The trash is the real one, below a home of its own: where that lies is read when the package is loaded. */
const home = await vi.hoisted(async () => {
  const { mkdtemp } = await import('node:fs/promises')
  const folder = await mkdtemp('/tmp/cicerone-trash-')
  process.env.XDG_DATA_HOME = folder
  return folder
})
const trashed = () => readdir(join(home, 'Trash', 'files')).catch(() => [])

beforeEach(async () => {
  await rm(join(home, 'Trash'), { recursive: true, force: true })
})
afterAll(() => rm(home, { recursive: true }))

const all = { query: '', after: null, limit: 200 }
const there = (path: string | undefined) =>
  stat(path ?? '').then(
    () => true,
    () => false,
  )

test('removes from sight at once, and restores everything that was known', async () => {
  const { gallery, database, told, data } = await opened()
  const item = await gallery.add(painted({ prompt: 'to and fro' }))
  await gallery.service.star({ ids: [item.id], starred: true })
  const path = await gallery.file(item.id)
  await database.pictures.put({ ...(await rowFor(path, data)), tags: ['fav', 'dark'] })
  const before = await gallery.service.detail({ id: item.id })
  told.length = 0
  const { undo } = await gallery.service.remove({ ids: [item.id, item.id, 5] })
  expect(told).toEqual([{ name: 'gallery.changed', payload: { added: [], updated: [], removed: [item.id] } }])
  expect(await gallery.service.page(all)).toEqual({ items: [], total: 0 })
  expect((await gallery.service.page({ ...all, query: 'fro' })).total).toBe(0)
  expect(await gallery.check()).toMatchObject({ pictures: 0, orphans: [], missing: [] })

  await gallery.service.restore({ undo })
  expect(await gallery.service.detail({ id: item.id })).toEqual(before)
  expect((await gallery.service.page({ ...all, query: 'fro fav' })).total).toBe(1)
  expect(await there(path)).toBe(true)
  await expect(gallery.service.restore({ undo })).rejects.toThrow('cannot be taken back any more.')
  expect(await database.removals.pending()).toEqual([])

  async function rowFor(path = '', data = '') {
    const { generation, tags: _, id: __, ...row } = (await database.pictures.detail(item.id)) ?? {}
    const { prompt = '', negative = '', settings = {}, passes = 0, seconds = 0 } = generation ?? {}
    return {
      ...{ size: 1, width: 1, height: 1, created: 1, ...row },
      file: path.slice(data.length + 1),
      starred: true,
      generation: { prompt, negative, settings, passes, seconds },
    }
  }
})

test("moves to the system's trash when the time for undo has passed, with its thumbnail", async () => {
  const { gallery, database } = await opened(undefined, 50)
  const { id } = await gallery.add(painted())
  const [path, thumbnail] = [await gallery.file(id), await gallery.thumbnail(id)]
  const { undo } = await gallery.service.remove({ ids: [id] })
  await vi.waitFor(async () => expect(await database.removals.pending()).toEqual([]), { timeout: 10_000 })
  expect(await there(path)).toBe(false)
  expect(await trashed()).toHaveLength(1)
  await vi.waitFor(async () => expect(await there(thumbnail)).toBe(false))
  await expect(gallery.service.restore({ undo })).rejects.toThrow('cannot be taken back any more.')
})

test('ends removals on closing', async () => {
  const { gallery, close } = await opened()
  const { id } = await gallery.add(painted())
  const path = await gallery.file(id)
  await gallery.service.remove({ ids: [id] })
  await close()
  expect([await there(path), (await trashed()).length]).toEqual([false, 1])
})

test('ends at the next start what a crash cut short, wherever that was', async () => {
  const one = await opened()
  const items = await Promise.all([1, 2, 3].map(seed => one.gallery.add(painted({ seed }))))
  const paths = await Promise.all(items.map(({ id }) => one.gallery.file(id)))
  await one.database.removals.begin(
    'crashed',
    items.slice(0, 2).map(({ id }) => id),
  )
  await one.database.removals.finalize('crashed')
  // The first was in the trash already
  await rm(paths[0] ?? '')
  const beside = await opened(one.data, 60_000, false)
  expect(await beside.database.removals.pending()).toEqual(['crashed'])
  await beside.close()
  await one.close()
  const two = await opened(one.data)
  expect(await two.database.removals.pending()).toEqual([])
  expect(await Promise.all(paths.map(there))).toEqual([false, false, true])
  expect(await trashed()).toHaveLength(1)
  expect((await two.gallery.service.page(all)).total).toBe(1)
})

test('what the system does not take is kept in the data folder, and told', async () => {
  const { gallery, database, told, data } = await opened(undefined, 20)
  // A file where the trash should be
  await writeFile(join(home, 'Trash'), '')
  const { id } = await gallery.add(painted())
  const file = ((await gallery.file(id)) ?? '').slice(data.length + 1)
  await gallery.service.remove({ ids: [id] })
  await vi.waitFor(async () => expect(await database.removals.pending()).toEqual([]), { timeout: 10_000 })
  expect(await there(join(data, 'trash', file))).toBe(true)
  expect(told.at(-1)).toEqual({
    name: 'system.notice',
    payload: {
      level: 'info',
      message: "The system's trash did not take 1 picture.",
      hint: 'They are in the folder trash in your data folder.',
    },
  })
})

test('what cannot be moved at all stays in the journal and is tried again', async () => {
  const { gallery, database, told, data } = await opened(undefined, 20)
  await writeFile(join(home, 'Trash'), '')
  await writeFile(join(data, 'trash'), '')
  const { id } = await gallery.add(painted())
  await gallery.service.remove({ ids: [id] })
  await vi.waitFor(() => expect(told.at(-1)?.payload).toMatchObject({ level: 'error' }), { timeout: 10_000 })
  expect(await database.removals.pending()).toHaveLength(1)
  expect(await gallery.check()).toMatchObject({ orphans: [], missing: [] })
  await Promise.all([rm(join(home, 'Trash')), rm(join(data, 'trash'))])
  await gallery.close()
  const again = await opened(data)
  expect(await again.database.removals.pending()).toEqual([])
  expect(await trashed()).toHaveLength(1)
})

/** The same bytes of the same name and time: what a copy of the gallery's folder holds. */
async function copyOf(path: string): Promise<string> {
  const copy = join(await newData(), basename(path))
  await cp(path, copy, { preserveTimestamps: true })
  return copy
}

test('a picture that is imported while its removal can still be taken back stays', async () => {
  const { gallery, data, close } = await opened()
  const { id } = await gallery.add(painted())
  const path = (await gallery.file(id)) ?? ''
  const copy = await copyOf(path)
  const { undo } = await gallery.service.remove({ ids: [id] })
  expect(await gallery.importFolder([copy])).toMatchObject({ imported: 1 })
  await close()
  expect([await there(path), await trashed()]).toEqual([true, []])

  const again = await opened(data)
  expect(await again.gallery.check()).toMatchObject({ pictures: 1, missing: [], orphans: [] })
  expect(await again.database.removals.pending()).toEqual([])
  await expect(again.gallery.service.restore({ undo })).rejects.toThrow('cannot be taken back any more.')
  const { items } = await again.gallery.service.page(all)
  await again.gallery.service.remove({ ids: items.map(item => item.id) })
  await again.close()
  expect([await there(path), (await trashed()).length]).toEqual([false, 1])
})

test('so does one that could not be moved to the trash, also where an earlier studio kept both row and journal', async () => {
  const { gallery, database, data, told, close } = await opened(undefined, 20)
  const items = [await gallery.add(painted({ seed: 1 })), await gallery.add(painted({ seed: 2 }))]
  const paths = await Promise.all(items.map(async ({ id }) => (await gallery.file(id)) ?? ''))
  const copy = await copyOf(paths[0] ?? '')
  for (const place of [join(home, 'Trash'), join(data, 'trash')]) await writeFile(place, '')
  await gallery.service.remove({ ids: items.map(({ id }) => id) })
  await vi.waitFor(() => expect(told.at(-1)?.payload).toMatchObject({ level: 'error' }), { timeout: 10_000 })
  expect(await database.removals.pending()).toHaveLength(1)
  expect(await gallery.importFolder([copy])).toMatchObject({ imported: 1 })
  await close()
  const db = new Sqlite(join(data, 'studio.sqlite'))
  db.prepare(
    `INSERT INTO pictures (id, file, size, width, height, created, starred)
      SELECT 1, file, 1, 1, 1, 1, 0 FROM removed_pictures`,
  ).run()
  db.close()

  for (const place of [join(home, 'Trash'), join(data, 'trash')]) await rm(place)
  const again = await opened(data)
  expect(await again.database.removals.pending()).toEqual([])
  expect([await Promise.all(paths.map(there)), await trashed()]).toEqual([[true, true], []])
  expect(await again.gallery.check()).toMatchObject({ pictures: 2, missing: [], orphans: [] })
})

test('removes ten thousand pictures and takes them back, each in one step', async () => {
  const { gallery, database } = await opened()
  const rows = Array.from({ length: 10_000 }, (_, i) => ({
    ...{ file: `pictures/${i}.png`, size: 1, width: 1, height: 1, created: i },
    generation: { prompt: `number ${i}`, negative: '', settings: {} },
  }))
  const items = await database.pictures.add(rows)
  const { undo } = await gallery.service.remove({ ids: items.map(({ id }) => id) })
  expect((await gallery.service.page(all)).total).toBe(0)
  await gallery.service.restore({ undo })
  expect(await gallery.service.count({ query: 'number' })).toEqual({ total: 10_000 })
})
