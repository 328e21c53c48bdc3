import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { shipped } from '../../main/paths.ts'
import type { PictureRecord } from '../../preload/contract/gallery.ts'
import { fixture } from '../support/fixtures.ts'
import type { Connection } from './support/api.ts'
import { type Studio, startStudio } from './support/studio.ts'
import { openWindow, type Window } from './support/window.ts'

let studio: Studio
let other: Connection
let window: Window
let page: Page

beforeAll(async () => {
  studio = await startStudio()
  other = await studio.connect()
  const create = { prompt: 'a big strawberry on a light blue background', steps: 4, seed: 7, seedLocked: true }
  await other.api.system.keep({ key: 'create', value: create })
  window = await openWindow(studio)
  page = window.page
}, 180_000)

afterAll(async () => {
  other?.close()
  await window?.close()
  await studio?.stop()
})

const guidance = () => page.getByRole('slider', { name: 'Guidance', exact: true })
const method = (name: string) => page.getByRole('radiogroup', { name: 'Guidance method' }).getByRole('radio', { name })
const recent = () => page.getByRole('listbox', { name: /^Recent pictures/ }).getByRole('option')
const picture = () => page.getByRole('application').getByRole('img').first()
const shown = async () => ((await picture().count()) > 0 ? ((await picture().getAttribute('src')) ?? '') : '')

/** Waits until the strip has `count` pictures and the newest stands in the picture's place. */
async function painted(count: number): Promise<void> {
  await expect.poll(() => recent().count(), { timeout: 60_000 }).toBe(count)
  await page.getByRole('progressbar', { name: 'Painting' }).waitFor({ state: 'detached' })
  await expect.poll(shown).toMatch(/^\/pictures\/\d+$/)
}

/** How the newest picture was made. */
async function newest(): Promise<PictureRecord> {
  const [item] = (await other.api.gallery.page({ limit: 1 })).items
  const { settings } = await other.api.gallery.detail({ id: item?.id ?? 0 })
  if (settings === null) throw new Error('The picture says nothing of how it was made.')
  return settings
}

/** Moves the pointer to a share of an element's width, at its middle's height. */
async function pointTo(element: Locator, share: number): Promise<void> {
  const box = await element.boundingBox()
  if (box === null) throw new Error('It is not to be seen.')
  await page.mouse.move(box.x + share * box.width, box.y + Math.min(16, box.height / 2))
}

/** A fine-tune of the demo model, as far as files go: every 7th weight of its UNet is a little different. */
function tuned(): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'cicerone-tuned-')), 'tuned')
  cpSync(shipped.demo, folder, { recursive: true })
  const file = join(folder, 'unet', 'diffusion_pytorch_model.safetensors')
  const bytes = readFileSync(file)
  const start = 8 + Number(bytes.readBigUInt64LE())
  // A bit of the fraction of a half: 1/64 of the weight.
  for (let at = start; at < bytes.length; at += 14) bytes[at] = (bytes[at] ?? 0) ^ 16
  writeFileSync(file, bytes)
  return folder
}

describe('the guide', { timeout: 120_000 }, () => {
  test('is plugged into the demo model, says what it costs, and paints in one pass a step', async () => {
    await page
      .getByRole('combobox', { name: 'Guide: Demo guide' })
      .getByText(/% of the base · \+[\d.]+% a pass/)
      .waitFor()
    expect(await method('Guide').isChecked()).toBe(true)
    await expect.poll(() => page.getByRole('spinbutton', { name: 'Seed' }).inputValue()).toBe('7')
    await page.keyboard.press('ControlOrMeta+Enter')
    await painted(1)
    await page.getByText(/^1 pass a step · 4 steps · [\d.]+ s$/).waitFor()
    expect(await newest()).toMatchObject({ method: 'guide', guidance: 5, seed: 7, guide: { name: 'demo-guide' } })
  })

  test('what CFG takes is measured once and fills the line; nothing is kept of it', async () => {
    await page.getByRole('button', { name: 'Measure CFG' }).click()
    await page.getByText(/^1 pass a step · 4 steps · [\d.]+ s · (\d+% (less|more) than|as long as) CFG$/).waitFor()
    expect(await recent().count()).toBe(1)
  })

  test('the picture changes while the slider is dragged, and is painted for good when it is let go', async () => {
    const first = await shown()
    await pointTo(guidance(), 0.3)
    await page.mouse.down()
    await pointTo(guidance(), 0.4)
    await expect.poll(shown, { timeout: 30_000 }).toMatch(/^data:image\//)
    const one = await shown()
    await pointTo(guidance(), 0.8)
    await expect.poll(async () => [one, first].includes(await shown()), { timeout: 30_000 }).toBe(false)
    expect(await shown()).toMatch(/^data:image\//)
    expect(await recent().count()).toBe(1)
    await page.getByText('not trained past 9').waitFor()
    await window.screenshot('guide-dragged')
    expect(await window.axe()).toEqual([])
    await page.mouse.up()
    await painted(2)
    expect(await shown()).not.toBe(first)
    const w = Number(await guidance().inputValue())
    expect(w).toBeGreaterThan(10)
    expect(await newest()).toMatchObject({ method: 'guide', guidance: w, seed: 7 })
  })

  test('Escape gives the drag up: the picture and the number are as before', async () => {
    const [before, w] = [await shown(), await guidance().inputValue()]
    await pointTo(guidance(), 0.79)
    await page.mouse.down()
    await pointTo(guidance(), 0.2)
    await expect.poll(shown, { timeout: 30_000 }).toMatch(/^data:image\//)
    await page.keyboard.press('Escape')
    await expect.poll(shown).toBe(before)
    await pointTo(guidance(), 0.5)
    await page.mouse.up()
    expect(await guidance().inputValue()).toBe(w)
    expect(await recent().count()).toBe(2)
  })

  test('is corrected every N-th step at any cost between one pass and two', async () => {
    await page.getByRole('spinbutton', { name: 'Correct every N-th step' }).fill('2')
    await page.keyboard.press('Enter')
    await painted(3)
    await page.getByText(/^1\.5 passes a step · 4 steps/).waitFor()
    await page.getByRole('button', { name: 'Reset correction' }).click()
    await painted(4)
  })

  test('three methods of one seed stand side by side, with a divider to drag', async () => {
    const w = await guidance().inputValue()
    await page.getByRole('button', { name: 'Compare' }).click()
    const places = page.getByRole('main').getByRole('listitem')
    await expect.poll(() => places.count()).toBe(3)
    for (const [index, passes] of [4, 8, 4].entries()) {
      await places
        .nth(index)
        .getByText(new RegExp(`^${passes} passes · [\\d.]+ s$`))
        .waitFor({ timeout: 60_000 })
    }
    // The guide's was there; CFG and none are kept.
    expect(await recent().count()).toBe(6)
    const divider = page.getByRole('slider', { name: 'Divider between Guide and CFG' })
    await pointTo(divider, 0.5)
    await page.mouse.down()
    await pointTo(page.getByRole('application'), 0.6)
    await page.mouse.up()
    const dragged = Number(await divider.getAttribute('aria-valuenow'))
    expect(dragged).toBeGreaterThan(50)
    await divider.focus()
    await page.keyboard.press('ArrowLeft')
    expect(Number(await divider.getAttribute('aria-valuenow'))).toBe(dragged - 2)
    await page.getByRole('radiogroup', { name: 'On the right' }).getByRole('radio', { name: 'None' }).click()
    await page.getByRole('slider', { name: 'Divider between Guide and None' }).waitFor()
    await window.screenshot('compare')
    expect(await window.axe()).toEqual([])
    await page.keyboard.press('Escape')
    expect(await guidance().inputValue()).toBe(w)
    await page.keyboard.press('c')
    await expect.poll(() => page.getByText(/^\d passes · /).count()).toBe(3)
    expect(await recent().count()).toBe(6)
    await page.keyboard.press('Escape')
  })

  test('a picture gives its guide back', async () => {
    await method('CFG').click()
    await painted(7)
    await recent().last().click()
    await page.getByText(/^1 pass a step/).waitFor()
    await page.keyboard.press('r')
    expect(await method('Guide').isChecked()).toBe(true)
    expect(await guidance().inputValue()).toBe('5')
  })

  test('the same guide serves another base', async () => {
    await other.api.models.import({ source: { path: tuned() }, way: 'in place' })
    await page.getByRole('combobox', { name: /^Base:/ }).click()
    await page.getByRole('option', { name: 'tuned' }).click()
    await page.getByRole('combobox', { name: 'Base: tuned' }).waitFor()
    await page.getByRole('combobox', { name: 'Guide: Demo guide' }).waitFor()
    await page.keyboard.press('ControlOrMeta+Enter')
    await painted(8)
    const made = await newest()
    expect(made).toMatchObject({ method: 'guide', base: { name: 'tuned' }, guide: { name: 'demo-guide' }, seed: 7 })
  })

  test('where no guide fits, the bar says why, offers what needs none, and paints with CFG', async () => {
    await other.api.models.import({ source: { path: fixture('sd1-tiny', 'sd1-tiny.safetensors') }, way: 'in place' })
    await page.getByRole('combobox', { name: /^Base:/ }).click()
    await page.getByRole('option', { name: 'sd1-tiny' }).click()
    const reason = page.getByRole('status').filter({ hasText: 'The guide does not fit this base' })
    await reason.getByText(/\(\w+\) is .* It is painted with CFG\./).waitFor()
    await window.screenshot('guide-misfit')
    expect(await window.axe()).toEqual([])
    await page.getByRole('combobox', { name: /^Guide:/ }).click()
    const listed = page.getByRole('option', { name: 'Demo guide' })
    expect(await listed.getAttribute('aria-disabled')).toBe('true')
    await listed.getByText(/does not fit this base/).waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('ControlOrMeta+Enter')
    await painted(9)
    expect(await newest()).toMatchObject({ method: 'cfg' })
    await page.getByRole('button', { name: 'Reuse' }).click()
    await painted(10)
    expect(await newest()).toMatchObject({ method: 'reuse', refresh: 2 })
    await reason.waitFor({ state: 'detached' })
  })

  test('all of it fits a narrow window, in the light too, and nothing complained', async () => {
    expect(window.complaints).toEqual([])
    const narrow = await openWindow(studio, { width: 700, height: 720, colorScheme: 'light' })
    await narrow.page.getByRole('application').getByRole('img').waitFor()
    expect(await narrow.axe()).toEqual([])
    await narrow.page.getByRole('button', { name: 'Compare' }).click()
    await narrow.page.getByRole('slider', { name: /^Divider/ }).waitFor()
    await expect.poll(() => narrow.page.getByText(/^\d+ passes · /).count(), { timeout: 60_000 }).toBe(3)
    expect(await narrow.axe()).toEqual([])
    await narrow.screenshot('compare-narrow')
    expect(await narrow.page.evaluate('document.documentElement.scrollWidth')).toBe(700)
    expect(narrow.complaints).toEqual([])
    await narrow.close()
  })
})
