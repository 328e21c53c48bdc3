import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Studio, startStudio } from './support/studio.ts'
import { openWindow, type Window } from './support/window.ts'

let studio: Studio
let window: Window
let page: Page

beforeAll(async () => {
  studio = await startStudio()
  window = await openWindow(studio)
  page = window.page
}, 180_000)

afterAll(async () => {
  await window?.close()
  await studio?.stop()
})

const prompt = () => page.getByRole('textbox', { name: 'Prompt', exact: true })
const steps = () => page.getByRole('spinbutton', { name: 'Number of steps' })
const recent = () => page.getByRole('listbox', { name: /^Recent pictures/ }).getByRole('option')
const painting = () => page.getByRole('progressbar', { name: 'Painting' })
const picture = () => page.getByRole('application').getByRole('img')
const guidance = () => page.getByRole('slider', { name: 'Guidance' })

/** Presses the keys of *Paint* and waits until the strip has `count` pictures. */
async function paint(count: number): Promise<void> {
  await page.keyboard.press('ControlOrMeta+Enter')
  await expect.poll(() => recent().count(), { timeout: 60_000 }).toBe(count)
  await painting().waitFor({ state: 'detached' })
}

/** Whether what stands in the picture's place is what it looks like so far. */
const previewed = async (): Promise<boolean> =>
  (await picture().count()) > 0 && ((await picture().getAttribute('src')) ?? '').startsWith('data:image/')

/** The finished picture that stands there; its preview may stay a moment longer than the job. */
async function bytesShown(): Promise<Buffer> {
  await expect.poll(() => picture().getAttribute('src')).toMatch(/^\/pictures\/\d+$/)
  const src = await picture().getAttribute('src')
  const bytes = await page.evaluate(async src => [...new Uint8Array(await (await fetch(src)).arrayBuffer())], src ?? '')
  return Buffer.from(bytes)
}

describe('Create', { timeout: 180_000 }, () => {
  test('says what to do before the first picture, and offers the models folder with the demo model', async () => {
    await page.getByText('Nothing painted yet').waitFor()
    await page.getByRole('combobox', { name: 'Base: Demo model' }).waitFor()
    await page.getByRole('button', { name: 'Add your models folder' }).waitFor()
    expect(await window.axe()).toEqual([])
    await page.getByRole('button', { name: /strawberry/ }).click()
    expect(await prompt().inputValue()).toBe('a big strawberry on a light blue background')
    await window.screenshot('create-empty')
  })

  test('paints: the picture grows from its preview, then stands there with what it cost', async () => {
    await steps().fill('40')
    await page.keyboard.press('ControlOrMeta+Enter')
    await painting().waitFor()
    await expect.poll(previewed, { timeout: 60_000, interval: 20 }).toBe(true)
    await window.screenshot('create-painting')
    await expect.poll(() => recent().count(), { timeout: 60_000 }).toBe(1)
    await expect.poll(() => picture().getAttribute('src')).toMatch(/^\/pictures\/\d+$/)
    await page.getByText(/^1 pass a step · 40 steps · [\d.]+ s/).waitFor()
    await window.screenshot('create-painted')
    expect(await window.axe()).toEqual([])
  })

  test('another guidance is another picture of the same seed', async () => {
    await steps().fill('6')
    await paint(2)
    const before = await bytesShown()
    await guidance().focus()
    for (let key = 0; key < 8; key++) await page.keyboard.press('ArrowRight')
    await expect.poll(() => recent().count(), { timeout: 60_000 }).toBe(3)
    await painting().waitFor({ state: 'detached' })
    expect(await guidance().inputValue()).toBe('9')
    const [after, first] = await Promise.all([0, 1].map(index => recent().nth(index).getAttribute('aria-label')))
    expect(after).toBe(first)
    await expect.poll(async () => (await bytesShown()).equals(before)).toBe(false)
  })

  test('without guidance a step takes one pass, which is held against CFG', async () => {
    await page.getByRole('radio', { name: 'CFG' }).click()
    await expect.poll(() => recent().count(), { timeout: 60_000 }).toBe(4)
    await page.getByText(/^2 passes a step · 6 steps · [\d.]+ s$/).waitFor()
    await page.getByRole('radio', { name: 'None' }).click()
    await expect.poll(() => recent().count(), { timeout: 60_000 }).toBe(5)
    await page.getByText(/^1 pass a step · 6 steps · [\d.]+ s · /).waitFor()
    expect(await guidance().isDisabled()).toBe(true)
  })

  test('Esc cancels, also while one types, and leaves no picture', async () => {
    await painting().waitFor({ state: 'detached' })
    await steps().fill('1000')
    await prompt().focus()
    await page.keyboard.press('ControlOrMeta+Enter')
    await page.getByText(/^Step [1-9]\d* of 1000/).waitFor({ timeout: 30_000 })
    await page.keyboard.press('Escape')
    await painting().waitFor({ state: 'detached', timeout: 10_000 })
    expect(await recent().count()).toBe(5)
    await steps().fill('6')
  })

  test('several wait for each other and keep their order', async () => {
    await page.getByRole('spinbutton', { name: 'Number of pictures' }).fill('2')
    await page.keyboard.press('ControlOrMeta+Enter')
    await page.keyboard.press('ControlOrMeta+Enter')
    await expect.poll(() => recent().count(), { timeout: 60_000 }).toBe(9)
    const seeds = await recent().evaluateAll(options => options.map(option => option.getAttribute('aria-label')))
    const [d, c, b, a] = seeds.map(label => Number(label?.replace('Seed ', '')))
    expect([Number(b) - Number(a), Number(d) - Number(c)]).toEqual([1, 1])
    await page.getByRole('spinbutton', { name: 'Number of pictures' }).fill('1')
  })

  test('the strip is walked with the arrow keys, and a picture gives its settings back', async () => {
    await painting().waitFor({ state: 'detached' })
    await recent().first().focus()
    await page.keyboard.press('End')
    await expect.poll(() => recent().last().getAttribute('aria-selected')).toBe('true')
    await page.getByText(/^1 pass a step · 40 steps/).waitFor()
    await page.keyboard.press('r')
    await expect.poll(() => steps().inputValue()).toBe('40')
    await page.getByRole('button', { name: 'Reset steps' }).click()
    expect(await steps().inputValue()).toBe('20')
  })

  test('deleting can be taken back', async () => {
    await page.getByRole('button', { name: 'Delete' }).click()
    await expect.poll(() => recent().count()).toBe(8)
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(() => recent().count()).toBe(9)
  })

  test('all of it fits a narrow window, in the light too', async () => {
    const narrow = await openWindow(studio, { width: 900, height: 720, colorScheme: 'light' })
    await narrow.page.getByRole('application').getByRole('img').waitFor()
    expect(await narrow.axe()).toEqual([])
    await narrow.page.getByRole('button', { name: 'Settings', exact: true }).click()
    await narrow.page.getByRole('dialog').getByRole('spinbutton', { name: 'Seed' }).waitFor()
    expect(await narrow.axe()).toEqual([])
    await narrow.page.keyboard.press('ControlOrMeta+Enter')
    await narrow.page.getByRole('dialog').waitFor({ state: 'detached' })
    await expect.poll(() => recent().count(), { timeout: 60_000 }).toBe(10)
    const wider = await narrow.page.evaluate('document.documentElement.scrollWidth')
    expect(wider).toBe(900)
    expect(narrow.complaints).toEqual([])
    await narrow.close()
  })

  test('a restart finds settings and picture again, and nothing complained', async () => {
    await prompt().fill('a big owl on a purple background')
    await steps().fill('33')
    await page.getByRole('button', { name: 'Keep the seed' }).click()
    await expect
      .poll(() => page.getByRole('button', { name: 'Keep the seed' }).getAttribute('aria-pressed'))
      .toBe('false')
    const seed = await page.getByRole('spinbutton', { name: 'Seed' }).inputValue()
    // A browser that is killed says no goodbye: what was typed is kept when it has come to rest.
    const other = await studio.connect()
    const kept = { prompt: 'a big owl on a purple background', steps: 33, seedLocked: false }
    await expect.poll(() => other.api.system.recall({ key: 'create' })).toMatchObject(kept)
    other.close()
    expect(window.complaints).toEqual([])
    await window.close()
    const { data } = studio
    expect(await studio.stop()).toBe(0)

    studio = await startStudio({ data })
    window = await openWindow(studio)
    page = window.page
    await expect.poll(() => prompt().inputValue()).toBe('a big owl on a purple background')
    expect(await steps().inputValue()).toBe('33')
    expect(await page.getByRole('spinbutton', { name: 'Seed' }).inputValue()).toBe(seed)
    await expect.poll(() => recent().count()).toBe(10)
    await expect.poll(() => picture().getAttribute('src')).toMatch(/^\/pictures\/\d+$/)
    expect(window.complaints).toEqual([])
  })
})
