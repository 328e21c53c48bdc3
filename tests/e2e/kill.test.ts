import { readdirSync, watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import Database from 'better-sqlite3'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { cicerone } from '../main/cli/cicerone.ts'
import { fixture } from '../support/fixtures.ts'
import { busy, Ledger } from './support/busy.ts'
import { kill9 } from './support/processes.ts'
import { startStudio, temporaryData } from './support/studio.ts'

const model = fixture('sd1-tiny', 'sd1-tiny.safetensors')
const kills = Number(process.env.KILLS ?? 8)
const between = (low: number, high: number): number => low + Math.random() * (high - low)

/** Resolves at the n-th change of a file below a folder: a moment at which something is half done. */
function nthChange(folder: string, n: number): { reached: Promise<void>; close(): void } {
  const { promise: reached, resolve } = Promise.withResolvers<void>()
  let seen = 0
  const watcher = watch(folder, { recursive: true }, () => ++seen >= n && resolve())
  watcher.on('error', () => {})
  return { reached, close: () => watcher.close() }
}

/** Starts a studio, lets it work and kills it at some moment, sometimes while it is only starting. */
async function killedRound(data: string, ledger: Ledger): Promise<void> {
  const early = Math.random() < 0.2 ? Promise.withResolvers<number>() : undefined
  const starting = startStudio({ data, onSpawn: pid => early?.resolve(pid) })
  if (early) {
    const pid = await early.promise
    await wait(between(100, 2000))
    // It may have come to its end or be open by now.
    kill9(pid)
    await starting.then(studio => studio.kill()).catch(() => {})
    return
  }
  const studio = await starting
  const connection = await studio.connect()
  const stop = new AbortController()
  const painted = connection.next('gallery.changed', ({ added }) => added.length > 0)
  const working = busy(connection, model, ledger, stop.signal)
  // Looked at below; a rejection that comes before is none that nobody handles.
  for (const promise of [painted, working]) promise.catch(() => {})
  // Mostly once pictures come in, however long that takes here; else while the engine is still loading.
  if (Math.random() < 0.8) await Promise.race([painted, wait(20_000)])
  const change = nthChange(data, Math.ceil(between(1, 60)))
  await Promise.race([wait(between(0, 3000)), Math.random() < 0.5 ? change.reached : wait(3000)])
  await studio.kill()
  change.close()
  stop.abort()
  await working
}

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))

/** The database's own rows, read beside the studio's code. */
function rowsOf(data: string) {
  const database = new Database(join(data, 'studio.sqlite'))
  try {
    const check = database.pragma('quick_check', { simple: true })
    const foreign = database.pragma('foreign_key_check') as unknown[]
    const pictures = database.prepare('SELECT id, file, seed FROM pictures').all() as PictureRow[]
    const removed = database.prepare('SELECT file FROM removed_pictures').all() as Pick<PictureRow, 'file'>[]
    return { check, foreign, pictures, removed }
  } finally {
    database.close()
  }
}

interface PictureRow {
  readonly id: number
  readonly file: string
  readonly seed: number
}

it(`is whole after ${kills} kills at random moments while it paints, imports and deletes`, {
  timeout: 60_000 + kills * 40_000,
}, async () => {
  const data = await temporaryData()
  const ledger = new Ledger()
  const done = () => [ledger.asked.length, ledger.kept.length, ledger.removed.length, ledger.imports]
  // Chance, or a slow machine, may have left something out: then some more.
  for (let round = 0; round < kills || (round < 4 * kills && done().includes(0)); round++)
    await killedRound(data, ledger)

  const check = await cicerone('gallery', 'check', '--fix', '--json', '--data-dir', data)
  expect([check.code, check.stderr]).toEqual([0, ''])
  expect(JSON.parse(check.stdout)).toMatchObject({ missing: [], others: [] })
  const again = await cicerone('gallery', 'check', '--json', '--data-dir', data)
  expect(again.code).toBe(0)
  expect(JSON.parse(again.stdout)).toMatchObject({ missing: [], orphans: [], leftovers: [], others: [] })

  const { check: whole, foreign, pictures, removed } = rowsOf(data)
  expect([whole, foreign]).toEqual(['ok', []])
  // A removal that was cut off stands in the journal, and its file stays until a studio ends it.
  const leaving = new Set(removed.map(({ file }) => join(data, file)))
  const staying = filesBelow(join(data, 'pictures')).filter(file => !leaving.has(file))
  expect(staying.sort()).toEqual(pictures.map(({ file }) => join(data, file)).sort())
  for (const { file } of pictures) {
    const { info } = await sharp(join(data, file)).raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height]).toEqual([64, 64])
  }

  // What was said to be done is done.
  expect(done()).not.toContain(0)
  const there = new Set(pictures.map(({ id }) => id))
  expect(ledger.kept.filter(id => !there.has(id))).toEqual([])
  expect(ledger.removed.filter(id => there.has(id))).toEqual([])

  // What was still to be painted is painted, and each picture once.
  const studio = await startStudio({ data })
  const { api } = await studio.connect()
  while ((await api.queue.state({})).jobs.some(({ state }) => state !== 'failed')) await wait(50)
  const { jobs } = await api.queue.state({})
  expect(jobs).toEqual([])
  // A removal may have been cut off between the file and its row: what is left can be cleared away, and comes back whole.
  for (const { id, place } of await api.models.list({})) if (place !== 'shipped') await api.models.remove({ id })
  expect((await api.models.import({ source: { path: model }, way: 'copy' })).model.usable).toBe(true)
  expect(filesBelow(join(data, 'models'))).toHaveLength(1)
  expect(await studio.stop()).toBe(0)

  const end = rowsOf(data)
  // The studio has ended every removal that was cut off: each file has its row, and no more.
  expect(end.removed).toEqual([])
  expect(filesBelow(join(data, 'pictures')).sort()).toEqual(end.pictures.map(({ file }) => join(data, file)).sort())
  const painted = [...end.pictures.map(({ seed }) => seed), ...ledger.seedsOfRemoved]
  expect(ledger.asked.filter(seed => !painted.includes(seed))).toEqual([])
  const twice = end.pictures.map(({ seed }) => seed).filter((seed, at, all) => all.indexOf(seed) !== at)
  expect(twice).toEqual([])
  // Thumbnails are made anew where they are wanted.
  const kept = filesBelow(data).filter(file => !file.startsWith(join(data, 'cache', 'thumbnails')))
  expect(kept.filter(file => /\.part$|[\\/]uploads[\\/]/.test(file))).toEqual([])
  console.log(`${kills} kills: ${ledger.summary}, ${end.pictures.length} pictures at the end`)
})
