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

const recent = () => page.getByRole('listbox', { name: /^Recent pictures/ }).getByRole('option')
const canvas = () => page.getByRole('dialog').locator('canvas')
const button = (name: string | RegExp) => page.getByRole('button', { name })

async function paint(count: number): Promise<void> {
  await page.keyboard.press('ControlOrMeta+Enter')
  await expect.poll(() => recent().count(), { timeout: 90_000 }).toBe(count)
  await page.getByRole('progressbar', { name: 'Painting' }).waitFor({ state: 'detached' })
}

/** Pixels of a picture of the studio, four bytes each. */
const pixelsOf = (src: string): Promise<number[]> =>
  page.evaluate(async src => {
    const bitmap = await createImageBitmap(await (await fetch(src)).blob())
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext(
      '2d',
    ) as OffscreenCanvasRenderingContext2D
    context.drawImage(bitmap, 0, 0)
    return [...context.getImageData(0, 0, bitmap.width, bitmap.height).data]
  }, src)

/** Share of the mask that is painted over. */
const covered = (): Promise<number> =>
  canvas().evaluate(each => {
    const { width, height } = each as HTMLCanvasElement
    const image = (each as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height)
    return (image?.data.filter((value, i) => i % 4 === 3 && value > 127).length ?? 0) / (width * height)
  })

async function stroke(from: readonly [number, number], to: readonly [number, number]): Promise<void> {
  const box = await canvas().boundingBox()
  if (!box) throw new Error('there is no canvas')
  const at = ([x, y]: readonly [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const
  await page.mouse.move(...at(from))
  await page.mouse.down()
  await page.mouse.move(...at(to), { steps: 5 })
  await page.mouse.up()
}

describe('a picture to start from', { timeout: 240_000 }, () => {
  test('is taken from what was painted, and painted anew where a mask says so', async () => {
    await page.getByRole('combobox', { name: 'Base: Demo model' }).waitFor()
    await page.getByRole('textbox', { name: 'Prompt', exact: true }).fill('a big strawberry')
    await page.getByRole('spinbutton', { name: 'Number of steps' }).fill('4')
    await paint(1)
    await button('Start from this picture').click()
    await page.getByRole('img', { name: 'To start from' }).waitFor()
    expect(await page.getByRole('slider', { name: 'Strength' }).inputValue()).toBe('0.6')

    await button('Paint a mask').click()
    await canvas().waitFor()
    await stroke([0.3, 0.3], [0.5, 0.5])
    const once = await covered()
    expect(once).toBeGreaterThan(0.02)
    await stroke([0.7, 0.2], [0.7, 0.6])
    expect(await covered()).toBeGreaterThan(once)
    await page.keyboard.press('ControlOrMeta+z')
    expect(await covered()).toBe(once)
    expect(await window.axe()).toEqual([])
    await window.screenshot('mask-dark')
    await page.emulateMedia({ colorScheme: 'light' })
    await window.screenshot('mask-light')
    await page.emulateMedia({ colorScheme: 'dark' })
    await button('Use this mask').click()
    await page.getByRole('img', { name: 'Its mask' }).waitFor()
    // All of what lies under it is painted anew.
    expect(await page.getByRole('slider', { name: 'Strength' }).inputValue()).toBe('1')
    await window.screenshot('mask-used')

    await paint(2)
    const shown = page.getByRole('application').getByRole('img')
    await expect.poll(() => shown.getAttribute('src')).toMatch(/^\/pictures\/\d+$/)
    const sources = await Promise.all(
      ['To start from', 'Its mask'].map(name => page.getByRole('img', { name }).getAttribute('src')),
    )
    const [before, mask] = (await Promise.all(sources.map(src => pixelsOf(src ?? '')))) as [number[], number[]]
    const after = await pixelsOf((await shown.getAttribute('src')) ?? '')
    const differs = after.map((value, i) => value !== before[i])
    const white = mask.filter((_, i) => i % 4 === 0).length
    expect(differs.some((yes, i) => yes && mask[i - (i % 4)] === 0)).toBe(false)
    expect(differs.filter((yes, i) => yes && mask[i - (i % 4)] === 255).length).toBeGreaterThan(0.02 * white)
  })

  test('the keyboard paints and erases, and nothing left is no mask', async () => {
    await button('Edit mask').click()
    await expect.poll(covered).toBeGreaterThan(0.02)
    await button('Clear').click()
    expect(await covered()).toBe(0)
    await button(/^Mask: arrow keys/).focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Space')
    const dab = await covered()
    expect(dab).toBeGreaterThan(0.005)
    await page.keyboard.press('e')
    await page.keyboard.press(']')
    await page.keyboard.press('Space')
    expect(await covered()).toBeLessThan(dab)
    await button('Clear').click()
    await button('Use this mask').click()
    await page.getByRole('img', { name: 'Its mask' }).waitFor({ state: 'detached' })
  })

  test('comes back with the settings of the picture, and goes', async () => {
    await button('Start from noise').click()
    await button('Choose a picture').waitFor()
    await button('Use these settings').click()
    await page.getByRole('img', { name: 'To start from' }).waitFor()
    await page.getByRole('img', { name: 'Its mask' }).waitFor()
    expect(window.complaints).toEqual([])
  })
})
