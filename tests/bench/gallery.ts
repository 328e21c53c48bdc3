import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, openDatabase } from '../../main/database/database.ts'
import { databaseFile } from '../../main/database/hold.ts'
import type { NewPicture } from '../../main/database/queries/rows.ts'
import { Events } from '../../main/events.ts'
import { openGallery } from '../../main/gallery/gallery.ts'
import { parseQuery } from '../../main/gallery/query.ts'
import { settingsRow } from '../../main/gallery/record.ts'
import { Generator } from '../../models/tensor/random.ts'
import { pageRequest } from '../../preload/contract/gallery.ts'

/**
 * `node tests/bench/gallery.ts [ROWS] [FOLDER]`: fills a data folder with rows (kept where FOLDER is given, and used again) and
 * prints what pages and searches cost in the service: the first time on a freshly opened database, the median of nine searches
 * that were each asked for anew, the next page, and the median of nine counts, which a window asks for behind the first page.
 * Then the memory of the whole process.
 */

const searches = {
  'a word of every prompt': 'photo',
  'three words of every prompt': 'photo warm light',
  'a rare word': 'stastasta',
  'three letters': 'lem',
  'five letters': 'lemba',
  'one letter': 'l',
  'a base': 'base:"dreamshaper 8"',
  'beginning of a base': 'base:dr',
  'guidance over 4': 'w>4',
  'guidance over 14 (few)': 'w>14',
  starred: 'star',
  'a tag': 'tag:keep',
  'a seed': 'seed:12345',
  'starred, base and guidance': 'star base:sdxl w>4',
  'method, guidance and steps': 'method:cfg w>4 steps<40',
  'three letters and guidance': 'lem w>4',
  'five letters and guidance': 'lemba w>4',
  'three letters, base and star': 'lem base:sdxl star',
  'every prompt and starred': 'photo star',
  'every prompt and guidance': 'photo w>4',
  'every prompt and a base': 'photo base:sdxl',
  nothing: 'nowhere',
}

async function main([rows = '200000', given]: string[]): Promise<void> {
  const data = given ?? (await mkdtemp(join(tmpdir(), 'cicerone-bench-')))
  try {
    await filled(data, Number(rows))
    const database = await openDatabase(databaseFile(data))
    const gallery = await openGallery({ data, database, events: new Events() })
    await gallery.tidied
    const page = (query: string, after: { created: number; id: number } | null = null) =>
      timed(() => gallery.service.page(pageRequest.parse({ query, after })))
    /** Forgets the count that is kept until something is written. */
    const touch = () => database.settings.set('bench', Math.random())

    const first = await page('')
    const count = (query: string) => timed(async () => (await gallery.service.count({ query })).total)
    const all = await count('')
    console.log(`first page: ${ms(first.time)}, and ${ms(all.time)} to count ${all.value} pictures`)
    const middle = await page('', { created: 0, id: (first.value.items.at(-1)?.id ?? 0) / 2 + firstDay * 50 })
    console.log(`a page from the middle: ${ms(middle.time)}`)
    console.log(
      'search'.padEnd(38),
      'found'.padStart(8),
      'first'.padStart(9),
      'again'.padStart(9),
      'next page'.padStart(10),
      'count'.padStart(9),
    )
    for (const [name, query] of Object.entries(searches)) {
      await touch()
      const once = await page(query)
      const again: number[] = []
      const counts: number[] = []
      for (let i = 0; i < 9; i++) {
        await touch()
        again.push((await page(query)).time)
        counts.push((await count(query)).time)
      }
      const next = await page(query, once.value.items.at(-1) ?? null)
      const found = String((await count(query)).value).padStart(8)
      const times = [once.time, median(again)].map(time => ms(time).padStart(9))
      console.log(name.padEnd(38), found, ...times, ms(next.time).padStart(10), ms(median(counts)).padStart(9))
    }
    const { rss, heapUsed } = process.memoryUsage()
    console.log(
      `memory: ${mib(rss)} resident (peak ${mib(process.resourceUsage().maxRSS * 1024)}), ${mib(heapUsed)} of it main's heap`,
    )
    console.log(`database: ${mib((await stat(databaseFile(data))).size)}`)
    await gallery.close()
    await database.close()
  } finally {
    if (given === undefined) await rm(data, { recursive: true })
  }
}

const fillMark = '--fill'
const firstDay = Date.UTC(2024, 0, 1)

/** Fills in a process of its own, whose memory is not what is measured. */
async function filled(data: string, rows: number): Promise<void> {
  const child = spawn(process.execPath, [import.meta.filename, fillMark, String(rows), data], { stdio: 'inherit' })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`Filling ended with ${code}.`)
}

async function fillFolder([rows, data = '']: string[]): Promise<void> {
  const database = await openDatabase(databaseFile(data))
  const begin = performance.now()
  await fill(database, Number(rows) - (await database.pictures.count(parseQuery(''))))
  console.log(`rows written in ${((performance.now() - begin) / 1000).toFixed(1)} s`)
  await database.close()
}

async function fill(database: Database, rows: number): Promise<void> {
  const random = new Generator(1)
  /** 0..1, the same in each run. */
  const draw = () => random.word() / 2 ** 32
  // Few words are common and many rare, as in what people write
  const pick = <T>(values: readonly T[]): T => values[Math.floor(draw() ** 3 * values.length)] as T
  const syllables = [
    'ba',
    'cor',
    'di',
    'el',
    'fa',
    'gor',
    'hi',
    'ju',
    'ka',
    'lem',
    'mo',
    'ni',
    'os',
    'pra',
    'qui',
    'ru',
    'sta',
  ]
  const words = Array.from({ length: syllables.length ** 3 }, (_, i) =>
    [i, Math.floor(i / syllables.length), Math.floor(i / syllables.length ** 2)]
      .map(at => syllables[at % syllables.length])
      .join(''),
  )
  const one = (i: number): NewPicture => {
    const settings = {
      prompt: ['photo of a fox', ...Array.from({ length: 24 }, () => pick(words)), 'warm light'].join(', '),
      negative: `low quality, ${pick(words)}`,
      base: { name: pick(['demo', 'sdxl', 'dreamshaper 8', 'v1-5-pruned-emaonly', 'deliberate']), hash: '0123456789' },
      method: pick(['cfg', 'none']),
      guidance: Math.floor(draw() * 30) / 2,
      steps: 10 + Math.floor(draw() * 40),
      sampler: pick(['euler', 'euler-a', 'ddim', 'dpmpp-2m']),
      schedule: 'auto',
      seed: random.word(),
      width: 512,
      height: pick([512, 768]),
      version: '0.1.0',
    }
    const { width, height } = settings
    const created = firstDay + i * 60_000
    return {
      ...{ file: `pictures/2024-01-01/${i}.png`, size: 400_000, width, height, created, starred: draw() < 0.02 },
      ...settingsRow(settings, { passes: 40, seconds: 2 }),
      tags: draw() < 0.05 ? ['keep'] : [],
    }
  }
  const batch = 1000
  for (let i = 0; i < rows; i += batch)
    await database.pictures.add(Array.from({ length: Math.min(batch, rows - i) }, (_, k) => one(i + k)))
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; time: number }> {
  const begin = performance.now()
  const value = await work()
  return { value, time: performance.now() - begin }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
const ms = (time: number): string => `${time.toFixed(1)} ms`
const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`

const [mark, ...rest] = process.argv.slice(2)
await (mark === fillMark ? fillFolder(rest) : main(process.argv.slice(2)))
