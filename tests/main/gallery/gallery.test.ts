import { mkdir, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import sharp from 'sharp'
import { expect, test, vi } from 'vitest'
import { readPngText } from '../../../main/gallery/png.ts'
import { parseSettings } from '../../../main/gallery/settings.ts'
import { pictureDetail } from '../../../preload/contract/gallery.ts'
import { painted, settings } from './painted.ts'
import { newData, opened } from './support.ts'

const all = { query: '', after: null, limit: 200 }

test('adds a picture: file, row, thumbnail, event; and finds it after a restart', async () => {
  const one = await opened()
  const item = await one.gallery.add(painted())
  expect(one.told).toEqual([{ name: 'gallery.changed', payload: { added: [item], updated: [], removed: [] } }])
  const path = (await one.gallery.file(item.id)) ?? ''
  expect(parseSettings((await readPngText(path)).get('cicerone') ?? '')).toEqual(settings)
  const thumbnail = (await one.gallery.thumbnail(item.id)) ?? ''
  expect((await sharp(thumbnail).metadata()).format).toBe('webp')
  await one.close()

  const two = await opened(one.data)
  expect(await two.gallery.service.page(all)).toEqual({ items: [item], total: 1 })
  const detail = pictureDetail.parse(await two.gallery.service.detail({ id: item.id }))
  expect(detail).toEqual({
    ...item,
    ...{ settings, passes: 40, seconds: 1.5, tags: [], size: (await stat(path)).size },
    file: path.slice(two.data.length + 1),
  })
})

test('says so where there is no such picture', async () => {
  const { gallery } = await opened()
  expect(await gallery.file(1)).toBeUndefined()
  expect(await gallery.thumbnail(1)).toBeUndefined()
  await expect(gallery.service.detail({ id: 1 })).rejects.toThrow('This picture is no longer in the gallery.')
})

test('pages through pictures of the same moment without a gap or a repetition', async () => {
  const { gallery, database } = await opened()
  const rows = Array.from({ length: 250 }, (_, i) => ({
    file: `pictures/x/${i}.png`,
    ...{ size: 1, width: 1, height: 1, created: 1_700_000_000_000 },
  }))
  await database.pictures.add(rows)
  const seen: number[] = []
  for (let after = null as { created: number; id: number } | null; ; ) {
    const { items } = await gallery.service.page({ query: '', after, limit: 33 })
    if (items.length === 0) break
    seen.push(...items.map(({ id }) => id))
    after = items.at(-1) ?? null
  }
  expect(seen).toHaveLength(250)
  expect(await gallery.service.count({ query: '' })).toEqual({ total: 250 })
  expect(seen).toEqual([...new Set(seen)].sort((a, b) => b - a))
  // They are handed around in addresses of at most 15 digits
  expect(String(seen[0])).toHaveLength(15)
})

test('writes many pictures at once, each to a file of its own', async () => {
  const { gallery, data } = await opened()
  const items = await Promise.all(Array.from({ length: 40 }, (_, seed) => gallery.add(painted({ seed }))))
  const files = await Promise.all(items.map(({ id }) => gallery.file(id)))
  expect(new Set(files).size).toBe(40)
  const names = await readdir(join(data, 'pictures'), { recursive: true })
  expect(names.filter(name => name.endsWith('.png'))).toHaveLength(40)
  expect((await gallery.check()).orphans).toEqual([])
})

test('a thumbnail is 384 pixels on its long side, made once and again where it was lost', async () => {
  const { gallery, data } = await opened()
  const big = { ...painted(), width: 400, height: 1000, pixels: new Uint8Array(400 * 1000 * 3) }
  const { id } = await gallery.add(big)
  const paths = await Promise.all([gallery.thumbnail(id), gallery.thumbnail(id), gallery.thumbnail(id)])
  expect(new Set(paths).size).toBe(1)
  const { width, height } = await sharp(paths[0]).metadata()
  expect([width, height]).toEqual([154, 384])
  await rm(join(data, 'cache'), { recursive: true })
  expect((await sharp(await gallery.thumbnail(id)).metadata()).height).toBe(384)
})

test('a picture brings its mean colour; one that came without a colour gets it with its thumbnail', async () => {
  const { gallery, data } = await opened()
  const pixels = Uint8Array.from({ length: 8 * 6 * 3 }, (_, i) => [200, 100, i < 72 ? 0 : 20][i % 3] ?? 0)
  const item = await gallery.add({ ...painted(), pixels })
  expect(item.colour).toBe(0xc8640a)
  const copy = join(await newData(), 'copy.png')
  await sharp({ create: { width: 20, height: 10, channels: 4, background: '#336699' } })
    .png()
    .toFile(copy)
  await gallery.importFolder([copy])
  const imported = async () => (await gallery.service.page(all)).items.find(({ width }) => width === 20)
  const { id = 0, colour } = (await imported()) ?? {}
  expect(colour).toBeNull()
  await gallery.thumbnail(id)
  const near = (await imported())?.colour ?? 0
  expect([16, 8, 0].map(bits => Math.round(((near >> bits) & 255) / 17))).toEqual([3, 6, 9])
  expect(await readdir(join(data, 'cache', 'thumbnails'), { recursive: true })).toHaveLength(4)
})

test('a thumbnail that is there is found by number and bytes, without the database', async () => {
  const { gallery, close } = await opened()
  const { id, size } = await gallery.add(painted())
  const path = await gallery.thumbnail(id)
  expect(await gallery.thumbnail(id, size)).toBe(path)
  // Another picture had this number
  expect(await gallery.thumbnail(id, size + 1)).toBeUndefined()
  await close()
  expect(await gallery.thumbnail(id, size)).toBe(path)
  await expect(gallery.thumbnail(id)).rejects.toThrow('The database is closed.')
})

test('what a kill left among the thumbnails is gone after a start, and thumbnails stay', async () => {
  const one = await opened()
  const { id } = await one.gallery.add(painted())
  const thumbnail = (await one.gallery.thumbnail(id)) ?? ''
  await one.close()
  const folder = dirname(thumbnail)
  const part = (pid: number) => `.cicerone-${pid}-01234567-89ab-cdef-0123-456789abcdef.part`
  const [dead, alive, old] = [part(99_999_999), part(process.pid), '170000000000000.webp']
  for (const name of [dead, alive, old]) await writeFile(join(folder, name), '')
  const beside = await opened(one.data, 60_000, false)
  await beside.close()
  expect(await readdir(folder)).toHaveLength(4)
  const two = await opened(one.data)
  await vi.waitFor(async () =>
    expect((await readdir(folder)).toSorted()).toEqual([alive, basename(thumbnail)].toSorted()),
  )
  await two.close()
})

test('a picture whose file is damaged has no thumbnail and says why', async () => {
  const { gallery } = await opened()
  const { id } = await gallery.add(painted())
  const thumbnail = (await gallery.thumbnail(id)) ?? ''
  await writeFile((await gallery.file(id)) ?? '', 'no picture')
  await rm(thumbnail)
  await expect(gallery.thumbnail(id)).rejects.toThrow('cannot be read as a picture.')
})

test('stars, and tells what that changed', async () => {
  const { gallery, told } = await opened()
  const [a, b] = [await gallery.add(painted()), await gallery.add(painted())]
  await gallery.service.star({ ids: [a.id], starred: true })
  told.length = 0
  await gallery.service.star({ ids: [a.id, b.id, 99], starred: true })
  expect(told).toEqual([
    { name: 'gallery.changed', payload: { added: [], updated: [{ ...b, starred: true }], removed: [] } },
  ])
  expect((await gallery.service.page({ ...all, query: 'star' })).total).toBe(2)
  await gallery.service.star({ ids: [a.id], starred: false })
  expect((await gallery.service.page({ ...all, query: '★' })).items).toEqual([{ ...b, starred: true }])
})

test('a folder that cannot be written to is told in a sentence, and nothing is rowed', async () => {
  const data = await newData()
  // A file in the folder's place: an administrator may write to every folder
  await writeFile(join(data, 'pictures'), '')
  const { gallery } = await opened(data, 60_000, false)
  await expect(gallery.add(painted())).rejects.toThrow('a part of the path is a file, not a folder.')
  expect((await gallery.service.page(all)).total).toBe(0)
})

test('pictures that lie in the folder without a row are taken in at the start', async () => {
  const one = await opened()
  const item = await one.gallery.add(painted({ prompt: 'from before' }))
  await one.close()
  for (const end of ['', '-wal', '-shm']) await rm(join(one.data, `studio.sqlite${end}`), { force: true })
  const two = await opened(one.data)
  const { items } = await two.gallery.service.page({ ...all, query: 'before' })
  // Its thumbnail was there already
  expect(items).toEqual([{ ...item, colour: null }])
})

test('a damaged database is set aside and the gallery rebuilt from the pictures', async () => {
  const one = await opened()
  const item = await one.gallery.add(painted())
  await one.close()
  const file = join(one.data, 'studio.sqlite')
  const damaged = Buffer.from((await readFile(file)).fill(0x55, 0, 2000))
  await writeFile(file, damaged)
  const two = await opened(one.data)
  expect(two.database.setAside).toMatch(/studio\.sqlite\.damaged\.\d{4}-/)
  expect(await readFile(two.database.setAside ?? '')).toEqual(damaged)
  expect((await two.gallery.service.page(all)).items).toEqual([{ ...item, colour: null }])
  const notices = two.told.filter(({ name }) => name === 'system.notice').map(({ payload }) => payload)
  expect(notices).toMatchObject([
    { level: 'error', message: expect.stringContaining('was damaged') },
    { level: 'info', message: 'The gallery was rebuilt: 1 picture.' },
  ])
})

test('check finds what does not agree, and mends it', async () => {
  const { gallery, data, told } = await opened()
  const items = []
  for (let seed = 0; seed < 4; seed++) items.push(await gallery.add(painted({ seed })))
  const [gone, moved] = await Promise.all(items.slice(0, 2).map(({ id }) => gallery.file(id)))
  const folder = join(data, 'pictures', '2020-01-01')
  await mkdir(folder, { recursive: true })
  await rm(gone ?? '')
  await rename(moved ?? '', join(folder, 'moved.png'))
  // A process that is no more, and this one
  await writeFile(join(folder, '.cicerone-4194999-00000000-0000-4000-8000-000000000000.part'), 'half')
  await writeFile(join(folder, `.cicerone-${process.pid}-00000000-0000-4000-8000-000000000000.part`), 'half')
  await writeFile(join(folder, 'notes.txt'), 'mine')
  await writeFile(join(folder, 'broken.png'), 'mine too')

  const report = await gallery.check()
  const below = (path = '') => path.slice(data.length + 1)
  expect([...report.missing].sort()).toEqual([below(gone), below(moved)].sort())
  expect(report.orphans).toEqual(['pictures/2020-01-01/moved.png'])
  expect(report.leftovers).toHaveLength(1)
  expect(report.others).toHaveLength(3)
  expect(await gallery.check()).toEqual(report)

  told.length = 0
  const mended = await gallery.check({ fix: true })
  expect(mended).toMatchObject({ fixed: true, orphans: ['pictures/2020-01-01/moved.png'] })
  expect(told).toHaveLength(2)
  const after = await gallery.check()
  expect(after).toMatchObject({ pictures: 3, missing: [], orphans: [], leftovers: [] })
  expect((await readdir(folder)).sort()).toHaveLength(4)
  expect((await gallery.service.page(all)).items.map(({ seed }) => seed).sort()).toEqual([1, 2, 3])
})

test('check --fix forgets nothing where the whole folder is gone', async () => {
  const { gallery, data } = await opened()
  await gallery.add(painted())
  await rename(join(data, 'pictures'), join(data, 'elsewhere'))
  await expect(gallery.check({ fix: true })).rejects.toThrow(`Missing from ${join(data, 'pictures')}: 1 of 1 pictures.`)
  expect((await gallery.service.page(all)).total).toBe(1)
})

test('check --fix forgets nothing of an absent drive in whose place something was painted since', async () => {
  const { gallery, data } = await opened()
  const ids: number[] = []
  for (let seed = 0; seed < 4; seed++) ids.push((await gallery.add(painted({ seed }))).id)
  await gallery.service.star({ ids, starred: true })
  await rename(join(data, 'pictures'), join(data, 'drive'))
  await gallery.add(painted())
  await expect(gallery.check({ fix: true })).rejects.toThrow('4 of 5 pictures')
  await rename(join(data, 'pictures'), join(data, 'place'))
  await rename(join(data, 'drive'), join(data, 'pictures'))
  expect((await gallery.service.page({ ...all, query: 'star' })).total).toBe(4)
})

test('check --fix forgets a folder only where it is there, be it empty', async () => {
  const { gallery, data } = await opened()
  const day = async (date: Date) => {
    const source = join(await newData(), 'copy.png')
    await sharp({ create: { width: 9, height: 5, channels: 3, background: 'grey' } }).toFile(source)
    await utimes(source, date, date)
    await gallery.importFolder([source])
  }
  await day(new Date(2020, 0, 1, 12))
  await day(new Date(2020, 0, 2, 12))
  const folder = join(data, 'pictures', '2020-01-01')
  await rm(folder, { recursive: true })
  await expect(gallery.check({ fix: true })).rejects.toThrow(`The folder ${folder} is gone, and with it 1 picture.`)
  expect((await gallery.service.page(all)).total).toBe(2)
  await mkdir(folder)
  expect((await gallery.check({ fix: true })).missing).toEqual(['pictures/2020-01-01/copy.png'])
  expect((await gallery.service.page(all)).total).toBe(1)
})

test('check --fix keeps what the disk does not answer for, and says so', async () => {
  const { gallery, data, told } = await opened()
  const [{ id }, other] = [await gallery.add(painted()), await gallery.add(painted())]
  const path = (await gallery.file(id)) ?? ''
  await rm(path)
  // Neither there nor gone, also for an administrator: a link to itself
  await symlink(path, path)
  await rm((await gallery.file(other.id)) ?? '')
  const file = path.slice(data.length + 1)
  const report = await gallery.check({ fix: true })
  expect(report).toMatchObject({ unreadable: [{ file, reason: expect.stringContaining('ELOOP') }] })
  expect(report.missing).toHaveLength(1)
  expect((await gallery.service.page(all)).items.map(item => item.id)).toEqual([id])
  expect(told).toContainEqual({
    name: 'system.notice',
    payload: {
      level: 'error',
      message: `Pictures that cannot be looked at: 1. ${report.unreadable[0]?.reason}.`,
      hint: 'Check the disk; none of them was forgotten.',
    },
  })
})

test('imports folders of pictures with their settings and times, twice without doubling them', async () => {
  const { gallery, data } = await opened()
  const source = await newData()
  await mkdir(join(source, 'deep'))
  const grey = sharp({ create: { width: 9, height: 5, channels: 3, background: 'grey' } })
  await grey.png().toFile(join(source, 'plain.png'))
  await grey.jpeg().toFile(join(source, 'other.jpg'))
  await writeFile(join(source, 'bad.png'), 'bad')
  const { id } = await gallery.add(painted({ prompt: 'brought along' }))
  const copy = join(source, 'deep', 'mine.png')
  await writeFile(copy, await readFile((await gallery.file(id)) ?? ''))
  await utimes(copy, new Date(2021, 5, 1, 12), new Date(2021, 5, 1, 12))

  const report = await gallery.importFolder([source])
  expect(report).toEqual({
    imported: 2,
    already: 0,
    skipped: 1,
    failed: [{ path: join(source, 'bad.png'), reason: `${join(source, 'bad.png')} is not a PNG picture.` }],
  })
  expect(await stat(join(data, 'pictures', '2021-06-01', 'mine.png'))).toBeTruthy()
  const { items } = await gallery.service.page({ ...all, query: 'brought' })
  expect(items.map(({ created }) => new Date(created).getFullYear())).toContain(2021)
  expect(await gallery.importFolder([source])).toMatchObject({ imported: 0, already: 2 })
  expect(await gallery.check()).toMatchObject({ pictures: 3, missing: [], orphans: [] })
  await expect(gallery.importFolder([join(source, 'nothing')])).rejects.toThrow('cannot be opened.')
})

test('exports what a query finds, with and without how it was made, replacing nothing', async () => {
  const { gallery, data } = await opened()
  const { id } = await gallery.add(painted({ prompt: 'wanted' }))
  await gallery.add(painted({ prompt: 'other' }))
  const target = join(await newData(), 'new')
  const [first] = await gallery.exportPictures('wanted', target, { metadata: true })
  expect(await readFile(first ?? '')).toEqual(await readFile((await gallery.file(id)) ?? ''))
  const [second, ...more] = await gallery.exportPictures('wanted', target, { metadata: false })
  expect(more).toEqual([])
  expect(second).not.toBe(first)
  expect((await readPngText(second ?? '')).size).toBe(0)
  const pixels = (path = '') => sharp(path).raw().toBuffer()
  expect(await pixels(second)).toEqual(await pixels(first))
  const own = gallery.exportPictures('', join(data, 'pictures', 'x'), { metadata: true })
  await expect(own).rejects.toThrow("is the gallery's own folder.")
})

test('a picture that another process rowed first keeps what it cost here', async () => {
  const { gallery, database } = await opened()
  const put = vi.fn(database.pictures.put)
  const { id } = await gallery.add(painted())
  const file = (await database.pictures.detail(id))?.file ?? ''
  const again = await put({ file, size: 1, width: 8, height: 6, created: 5 })
  expect((await gallery.service.page(all)).items).toEqual([again])
})
