import { setTimeout as wait } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { expect, it, vi } from 'vitest'
import type { Connection } from './support/api.ts'
import { inElectron } from './support/desktop.ts'
import { type Studio, startStudio } from './support/studio.ts'
import { openWindow, pasted } from './support/window.ts'

vi.setConfig({ testTimeout: 180_000 })

/** Paints pictures that differ in all that a search can tell apart. */
async function paint(connection: Connection): Promise<void> {
  const shared = { steps: 2, width: 64, height: 64 }
  await connection.api.queue.enqueue({ ...shared, prompt: 'a red ball on grass', seed: 11, guidance: 3 })
  await connection.api.queue.enqueue({ ...shared, prompt: 'a blue box', seed: 22, guidance: 7.5, width: 128 })
  await connection.api.queue.enqueue({ ...shared, prompt: 'a red box', seed: 33, method: 'none', negative: 'green' })
  await connection.api.queue.enqueue({ ...shared, prompt: 'a lighthouse', seed: 44, guidance: 5, count: 3 })
  while ((await connection.api.queue.state({})).jobs.length > 0) await wait(50)
}

const cells = (page: Page) => page.getByRole('gridcell')
const cell = (page: Page, seed: number) => page.getByRole('gridcell', { name: new RegExp(`seed ${seed},`) })
const seeds = async (page: Page): Promise<number[]> =>
  (await cells(page).evaluateAll(all => all.map(each => each.getAttribute('aria-label') ?? ''))).map(label =>
    Number(/seed (\d+)/.exec(label)?.[1]),
  )
const active = (page: Page) =>
  page.evaluate(() => {
    const id = document.activeElement?.getAttribute('aria-activedescendant')
    return document.getElementById(id ?? '')?.getAttribute('aria-label') ?? null
  })
const everything = [46, 45, 44, 33, 22, 11]

async function galleryOf(studio: Studio, options = {}) {
  const window = await openWindow(studio, options)
  await window.page.getByRole('button', { name: 'Gallery', exact: true }).click()
  return window
}

it('an empty gallery says what to do; what is painted appears by itself and is there after a restart', async () => {
  const first = await startStudio()
  const { page, complaints, axe, close } = await galleryOf(first)
  await page.getByText('No pictures yet').waitFor()
  expect(await axe()).toEqual([])
  const connection = await first.connect()
  await paint(connection)
  await expect.poll(() => seeds(page)).toEqual(everything)
  expect(complaints).toEqual([])
  await close()
  expect(await first.stop()).toBe(0)

  const second = await startStudio({ data: first.data })
  const again = await galleryOf(second)
  await expect.poll(() => seeds(again.page)).toEqual(everything)
  const loaded = () =>
    again.page
      .locator('[data-picture] img')
      .evaluateAll(all => all.every(each => (each as { naturalWidth?: number }).naturalWidth))
  await expect.poll(loaded).toBe(true)
  expect(await again.axe()).toEqual([])
  expect(again.complaints).toEqual([])
  expect(await second.stop()).toBe(0)
})

// Electron's own scheme goes past what holds a request back, and tells no sizes.
it.skipIf(inElectron)(
  'shows the colour of each picture until it is there, and fetches none again after a reload',
  async () => {
    const studio = await startStudio()
    const connection = await studio.connect()
    await paint(connection)
    const { items } = await connection.api.gallery.page({})
    const window = await openWindow(studio)
    const held = Promise.withResolvers<void>()
    await window.page.route('**/thumbnails/**', async route => {
      await held.promise
      await route.continue()
    })
    await window.page.getByRole('button', { name: 'Gallery', exact: true }).click()
    await expect.poll(() => seeds(window.page)).toEqual(everything)
    const colours = () =>
      cells(window.page).evaluateAll(all => all.map(each => getComputedStyle(each as Element).backgroundColor))
    const parts = (colour: number | null) => [16, 8, 0].map(bits => ((colour ?? 0) >> bits) & 255)
    expect(await colours()).toEqual(items.map(({ colour }) => `rgb(${parts(colour).join(', ')})`))
    const shown = (page: Page) =>
      page
        .locator('[data-picture] img')
        .evaluateAll(all => all.filter(each => (each as { naturalWidth?: number }).naturalWidth).length)
    expect(await shown(window.page)).toBe(0)
    held.resolve()
    await expect.poll(() => shown(window.page)).toBe(6)
    expect(window.complaints).toEqual([])
    await window.close()

    // What is held back by a route is never kept
    const { page, complaints } = await galleryOf(studio)
    const sent = () =>
      page.evaluate(() =>
        performance
          .getEntriesByType('resource')
          .filter(({ name }) => name.includes('/thumbnails/'))
          .map(entry => (entry as { transferSize?: number }).transferSize),
      )
    await expect.poll(() => shown(page)).toBe(6)
    expect((await sent()).filter(size => size === 0)).toEqual([])
    await page.reload()
    await expect.poll(() => shown(page)).toBe(6)
    expect(await sent()).toEqual(Array(6).fill(0))
    expect(complaints).toEqual([])
    await studio.stop()
  },
)

it('finds as one types, shows tokens as chips, and says so where nothing matches', async () => {
  const studio = await startStudio()
  await paint(await studio.connect())
  const { page, complaints, axe } = await galleryOf(studio)
  await expect.poll(() => seeds(page)).toEqual(everything)

  await page.keyboard.press('/')
  await page.keyboard.type('red')
  await expect.poll(() => seeds(page)).toEqual([33, 11])
  await page.keyboard.type(' b')
  await expect.poll(() => seeds(page)).toEqual([33, 11])
  await page.keyboard.type('ox')
  await expect.poll(() => seeds(page)).toEqual([33])
  await page.getByRole('searchbox').fill('')
  await page.keyboard.type('w>4 ')
  await page.getByRole('button', { name: 'Remove w>4' }).waitFor()
  await expect.poll(() => seeds(page)).toEqual([46, 45, 44, 33, 22])
  await page.keyboard.type('method:guide li')
  await expect.poll(() => seeds(page)).toEqual([46, 45, 44])
  await page.getByText('3 pictures').waitFor()
  expect(await axe()).toEqual([])

  // A picture that comes in while a search stands is shown only where it matches.
  const connection = await studio.connect()
  await connection.api.queue.enqueue({ prompt: 'little boat', seed: 55, steps: 2, width: 64, height: 64, guidance: 9 })
  await connection.api.queue.enqueue({ prompt: 'big boat', seed: 66, steps: 2, width: 64, height: 64, guidance: 9 })
  while ((await connection.api.queue.state({})).jobs.length > 0) await wait(50)
  await expect.poll(() => seeds(page)).toEqual([55, 46, 45, 44])

  await page.getByRole('searchbox').fill('nothing of this kind')
  await page.getByText('No picture matches').waitFor()
  expect(await axe()).toEqual([])
  await page.getByRole('button', { name: 'Clear the search' }).last().click()
  await expect.poll(() => seeds(page)).toEqual([66, 55, ...everything])
  expect(complaints).toEqual([])
  await studio.stop()
})

it('selects, stars, deletes and takes it back, by keyboard and by pointer', async () => {
  const studio = await startStudio()
  await paint(await studio.connect())
  const { page, complaints, axe } = await galleryOf(studio)
  await expect.poll(() => seeds(page)).toEqual(everything)
  const chosen = () => page.locator('[role=gridcell][aria-selected=true]').count()

  await cell(page, 45).click()
  expect(await chosen()).toBe(1)
  await cell(page, 33).click({ modifiers: ['ControlOrMeta'] })
  expect(await chosen()).toBe(2)
  await cell(page, 11).click({ modifiers: ['Shift'] })
  expect(await chosen()).toBe(3)
  await page.getByRole('toolbar', { name: 'Selected pictures' }).getByText('3 selected').waitFor()
  expect(await axe()).toEqual([])
  await page.keyboard.press('Escape')
  expect(await chosen()).toBe(0)

  await page.keyboard.press('Control+Home')
  expect(await active(page)).toContain('seed 46,')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('f')
  await page.getByRole('gridcell', { name: /seed 45,.*starred/ }).waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type('star ')
  await expect.poll(() => seeds(page)).toEqual([45])
  await page.keyboard.press('Escape')
  await expect.poll(() => seeds(page)).toEqual(everything)

  await page.getByRole('grid').focus()
  await page.keyboard.press('Control+Home')
  await page.keyboard.press('Shift+ArrowRight')
  expect(await chosen()).toBe(2)
  await page.keyboard.press('Delete')
  await expect.poll(() => seeds(page)).toEqual([44, 33, 22, 11])
  expect(await active(page)).toContain('seed 44,')
  await page.getByText('2 pictures deleted.').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect.poll(() => seeds(page)).toEqual(everything)

  await page.getByRole('grid').focus()
  await page.keyboard.press('ControlOrMeta+a')
  expect(await chosen()).toBe(6)
  expect(complaints).toEqual([])
  await studio.stop()
})

it('shows one picture large, with its settings, and goes back to where it was; all by keyboard', async () => {
  const studio = await startStudio()
  await paint(await studio.connect())
  const { page, complaints, axe } = await galleryOf(studio)
  await expect.poll(() => seeds(page)).toEqual(everything)
  const lightbox = page.getByRole('dialog')

  await page.getByRole('grid').focus()
  await page.keyboard.press('Control+Home')
  await page.keyboard.press('Space')
  await lightbox.getByText('1 of 6', { exact: true }).waitFor()
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight')
  await lightbox.getByText('4 of 6', { exact: true }).waitFor()
  await lightbox.getByText('a red box').waitFor()
  await lightbox.getByText('green').waitFor()
  expect(await axe()).toEqual([])

  const width = () =>
    lightbox.getByRole('img', { name: 'a red box' }).evaluate(each => each.getBoundingClientRect().width)
  const whole = await width()
  await page.keyboard.press('+')
  await expect.poll(width).toBeGreaterThan(whole * 1.2)
  await page.keyboard.press('0')
  await expect.poll(width).toBe(whole)

  await page.keyboard.press('i')
  await expect.poll(() => lightbox.getByText('a red box').count()).toBe(0)
  await page.keyboard.press('i')
  await lightbox.getByRole('button', { name: 'Copy as text' }).click()
  await page.getByText('Settings copied.').waitFor()
  const copied = await pasted(page)
  expect(copied).toMatch(/^a red box\nNegative prompt: green\nSteps: 2, Sampler: .*, Seed: 33, Size: 64x64, Model/)

  await page.keyboard.press('f')
  await lightbox.getByRole('button', { name: /Remove the star/ }).waitFor()
  await page.keyboard.press('Delete')
  await lightbox.getByText('4 of 5', { exact: true }).waitFor()
  await lightbox.getByText('a blue box').waitFor()
  await page.keyboard.press('Control+z')
  await lightbox.getByText('5 of 6', { exact: true }).waitFor()
  await page.keyboard.press('Escape')
  await expect.poll(() => lightbox.count()).toBe(0)
  expect(await active(page)).toContain('seed 22,')

  // A value of the caption finds its like.
  await page.keyboard.press('Space')
  await lightbox.getByRole('button', { name: /^Guidance 7.5/ }).click()
  await expect.poll(() => seeds(page)).toEqual([22])
  await page.getByRole('button', { name: 'Remove w=7.5' }).waitFor()

  // And its settings paint it again.
  await page.getByRole('grid').focus()
  await page.keyboard.press('Space')
  await lightbox.getByText('a blue box').waitFor()
  await page.keyboard.press('r')
  await expect.poll(() => page.url()).toContain('#create')
  await expect.poll(() => page.getByRole('textbox', { name: 'Prompt', exact: true }).inputValue()).toBe('a blue box')
  const connection = await studio.connect()
  await page.keyboard.press('ControlOrMeta+Enter')
  await expect
    .poll(async () => (await connection.api.gallery.page({ query: 'seed:22' })).total, { timeout: 20_000 })
    .toBe(2)
  expect(complaints).toEqual([])
  await studio.stop()
})
