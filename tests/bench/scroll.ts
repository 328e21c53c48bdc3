import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, linkSync, mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { openDatabase } from '../../main/database/database.ts'
import { databaseFile } from '../../main/database/hold.ts'
import { galleryPlaces } from '../../main/gallery/places.ts'
import { thumbnailPath } from '../../main/gallery/thumbnails.ts'
import { launchBrowser } from '../e2e/support/browser.ts'
import { startStudio } from '../e2e/support/studio.ts'

/**
 * `node tests/bench/scroll.ts [ROWS] [FOLDER]`: fills a gallery (kept where FOLDER is given, and used again), scrolls
 * through it in a real browser in all ways that a person has, and prints for each the longest time that
 * - `bare`: some place of the window had not even the colour of its picture,
 * - `waiting`: some tile had not its picture yet,
 * - `empty`: no tile at all had its picture,
 * - `late`: the window stood still at last, and some tile had not its picture yet,
 * - `still`: no frame was made.
 * Fails where the window was bare for longer than 100 ms. While one scrolls so fast that each frame shows other pictures
 * none is fetched, so that those where one stops are there at once; the window shows colours, and is never bare, that long.
 */
const limit = 100

async function main([rows = '200000', given]: string[]): Promise<void> {
  const data = given ?? (await mkdtemp(join(tmpdir(), 'cicerone-scroll-')))
  try {
    await fill(data, rows)
    const studio = await startStudio({ data })
    const browser = await launchBrowser()
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    await page.goto(await studio.link())
    await page.getByRole('button', { name: 'Gallery', exact: true }).click()
    const start = performance.now()
    await page.locator('[data-picture]').first().waitFor()
    console.log(`first pictures after ${ms(performance.now() - start)}`)
    await page.mouse.move(700, 450)

    const longest: number[] = []
    console.log(''.padEnd(34), ...['bare', 'waiting', 'empty', 'late', 'still'].map(name => name.padStart(10)))
    for (const [name, scroll] of Object.entries(ways)) {
      const { empty, bare, waiting, late, still } = await measured(page, scroll)
      longest.push(bare)
      console.log(name.padEnd(34), ...[bare, waiting, empty, late, still].map(time => ms(time).padStart(10)))
    }
    console.log(`tiles in the page: ${await page.locator('[data-picture]').count()}`)
    await browser.close()
    await studio.stop()
    if (Math.max(...longest) > limit) process.exitCode = 1
  } finally {
    if (given === undefined) await rm(data, { recursive: true })
  }
}

const ways: Record<string, (page: Page) => Promise<void>> = {
  'at once to the end, as it opens': async page => {
    await page.getByRole('grid').focus()
    await page.keyboard.press('Control+End')
  },
  'the dates dragged, as it is read': page => drag(page, 1),
  'the dates dragged to the top': async page => {
    await page.locator('[data-unread]').waitFor({ state: 'detached', timeout: 60_000 })
    await drag(page, -1)
  },
  'the dates dragged to the bottom': page => drag(page, 1),
  'the wheel, slowly': page => wheel(page, -120, 150),
  'the wheel, quickly': page => wheel(page, -700, 150),
  'flung, three windows a tick': page => wheel(page, -2500, 80),
  'page by page': async page => {
    for (let i = 0; i < 40; i++) await page.keyboard.press('PageUp')
  },
  'to the first picture': async page => {
    await page.keyboard.press('Control+Home')
  },
}

async function wheel(page: Page, by: number, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await page.mouse.wheel(0, by)
    await wait(16)
  }
}

async function drag(page: Page, way: 1 | -1): Promise<void> {
  const box = await page.locator('[data-scrubber]').boundingBox()
  if (!box) throw new Error('There is no scrubber.')
  const { x, y, width, height } = box
  await page.mouse.move(x + width - 4, way > 0 ? y + 12 : y + height - 12)
  await page.mouse.down()
  await page.mouse.move(x + width - 4, way > 0 ? y + height - 12 : y + 12, { steps: 200 })
  await page.mouse.up()
  await page.mouse.move(700, 450)
}

interface Times {
  readonly empty: number
  readonly bare: number
  readonly waiting: number
  readonly late: number
  readonly still: number
}

/** The longest times while `scroll` goes on: in each frame the window is looked at in 6 x 4 places. */
async function measured(page: Page, scroll: (page: Page) => Promise<void>): Promise<Times> {
  await page.evaluate(watch)
  await scroll(page)
  const times: Times & { broken: number } = await page.evaluate('window.__stopped()')
  if (times.broken > 0) throw new Error(`${times.broken} times a thumbnail could not be shown.`)
  return times
}

const watch = `(() => {
  const grid = document.querySelector('[role=grid]')
  const since = {}, longest = { empty: 0, bare: 0, waiting: 0, late: 0, still: 0, broken: 0 }
  let last = performance.now(), at = grid.scrollTop, moved = last, stopped
  const note = (name, is, now) => {
    if (!is) { since[name] = undefined; return }
    since[name] ??= now
    longest[name] = Math.max(longest[name], now - since[name])
  }
  const frame = () => {
    const now = performance.now()
    longest.still = Math.max(longest.still, now - last)
    last = now
    const { left, top, width, height } = grid.getBoundingClientRect()
    let tiles = 0, shown = 0, places = 0
    // The end of the gallery may leave its last row short.
    const columns = grid.scrollTop + grid.clientHeight >= grid.scrollHeight - 300 ? [0.5] : [0, 1, 2, 3, 4, 5]
    for (const i of columns) for (let j = 0; j < 4; j++) {
      const x = left + width * (columns.length === 1 ? 0.02 : (i + 0.5) / 6.5), y = top + height * (j + 0.5) / 4
      const tile = document.elementsFromPoint(x, y).map(each => each.closest('[data-picture]')).find(Boolean)
      const picture = tile?.querySelector('img')
      places++
      if (tile && (tile.style.backgroundColor || tile.ariaSelected === 'true')) tiles++
      if (tile?.querySelector('[data-broken]')) longest.broken++
      if (picture?.complete && picture.naturalWidth > 0) shown++
    }
    note('empty', shown === 0, now)
    note('bare', tiles < places, now)
    note('waiting', shown < places, now)
    if (grid.scrollTop !== at) moved = now
    at = grid.scrollTop
    if (stopped !== undefined && shown < places) longest.late = Math.max(longest.late, now - Math.max(stopped.at, moved))
    if (stopped !== undefined && shown === places && now - Math.max(stopped.at, moved) > 300) stopped.done(longest)
    else requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
  window.__stopped = () => new Promise(done => { stopped = { at: performance.now(), done } })
})()`

/** Rows from the database's own bench, and thumbnails for them: links to two pictures, one for each shape. */
async function fill(data: string, rows: string): Promise<void> {
  const filler = spawn(process.execPath, [join(import.meta.dirname, 'gallery.ts'), rows, data], { stdio: 'inherit' })
  const [code] = await once(filler, 'exit')
  if (code !== 0) throw new Error(`The gallery could not be filled: ${code}.`)
  const file = databaseFile(data)
  const { thumbnails } = galleryPlaces(data)
  const square = links(await noise(data, 384, 384))
  const tall = links(await noise(data, 256, 384))
  const database = await openDatabase(file)
  const none = { words: [], negative: [], names: [], numbers: [], starred: false }
  for (let last: number | null = null; ; ) {
    const items = await database.pictures.page(none, last, 1000)
    const end = items.at(-1)
    if (!end) break
    for (const { id, size, width, height, colour } of items) {
      const path = thumbnailPath(thumbnails, { id, size })
      mkdirSync(dirname(path), { recursive: true })
      // As it is noted when a thumbnail is made.
      if (colour === null) await database.pictures.setColour(id, (id * 2654435761) % 2 ** 24)
      // From an earlier run.
      if (existsSync(path)) continue
      if (width === height) square(path)
      else tall(path)
    }
    last = end.id
  }
  await database.close()
}

/** Links to a file, and to copies of it: a file system allows so many links to one. */
function links(file: string): (path: string) => void {
  const most = 10_000
  let made = 0
  let source = file
  return path => {
    if (made % most === 0) {
      source = `${file}-${process.pid}-${made / most}`
      copyFileSync(file, source)
    }
    linkSync(source, path)
    made++
  }
}

/** A picture that costs what a real one costs to decode. */
async function noise(data: string, width: number, height: number): Promise<string> {
  const path = join(data, `bench-${width}x${height}.webp`)
  const cells = Uint8Array.from({ length: (width / 8) * (height / 8) * 3 }, (_, i) => (i * 2654435761) >>> 24)
  await sharp(cells, { raw: { width: width / 8, height: height / 8, channels: 3 } })
    .resize(width, height, { kernel: 'cubic' })
    .webp({ quality: 82 })
    .toFile(path)
  return path
}

const ms = (time: number): string => `${Math.round(time)} ms`

await main(process.argv.slice(2))
