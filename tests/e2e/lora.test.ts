import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PictureRecord } from '../../preload/contract/gallery.ts'
import { fixture } from '../support/fixtures.ts'
import type { Connection } from './support/api.ts'
import { type Studio, startStudio } from './support/studio.ts'
import { openWindow, type Window } from './support/window.ts'

let studio: Studio
let other: Connection
let window: Window
let page: Page

const bring = (path: string) => other.api.models.import({ source: { path }, way: 'link' })

beforeAll(async () => {
  studio = await startStudio()
  other = await studio.connect()
  const { model: base } = await bring(fixture('sd1-tiny', 'sd1-tiny.safetensors'))
  await bring(fixture('lora', 'kohya.safetensors'))
  await bring(fixture('lora', 'unmatched-key.safetensors'))
  const size = { width: 64, height: 64, steps: 1, method: 'none', seed: 7, seedLocked: true }
  await other.api.system.keep({ key: 'create', value: { prompt: 'a fox', base: base.id, ...size } })
  window = await openWindow(studio)
  page = window.page
}, 180_000)

afterAll(async () => {
  other?.close()
  await window?.close()
  await studio?.stop()
})

const recent = () => page.getByRole('listbox', { name: /^Recent pictures/ }).getByRole('option')
const used = () => page.getByRole('list', { name: 'LoRAs in use' }).getByRole('listitem')
const strength = (name: string) => page.getByRole('slider', { name: `Strength of ${name}`, exact: true })

async function add(name: string): Promise<void> {
  await page
    .getByRole('button', { name: /^Add a LoRA/ })
    .or(page.getByRole('combobox', { name: /^Add a LoRA/ }))
    .click()
  await page.getByRole('option', { name }).click()
}

/** Paints, and how the picture was made. */
async function paint(count: number): Promise<PictureRecord | null> {
  await page.keyboard.press('ControlOrMeta+Enter')
  await expect.poll(() => recent().count(), { timeout: 60_000 }).toBe(count)
  await page.getByRole('progressbar', { name: 'Painting' }).waitFor({ state: 'detached' })
  const [item] = (await other.api.gallery.page({ limit: 1 })).items
  return (await other.api.gallery.detail({ id: item?.id ?? 0 })).settings
}

describe('LoRAs in Create', { timeout: 180_000 }, () => {
  test('are added from the library, made stronger by keys, and recorded', async () => {
    expect((await paint(1))?.loras).toBeUndefined()
    await add('kohya')
    await expect.poll(() => used().count()).toBe(1)
    expect(await strength('kohya').inputValue()).toBe('1')
    await strength('kohya').focus()
    for (let key = 0; key < 6; key++) await page.keyboard.press('ArrowLeft')
    await page.getByRole('spinbutton', { name: 'Strength of kohya, as a number' }).waitFor()
    expect(await page.getByRole('spinbutton', { name: /Strength of kohya/ }).inputValue()).toBe('0.70')
    const settings = await paint(2)
    expect(settings?.loras).toEqual([{ name: 'kohya', hash: expect.stringMatching(/^[0-9a-f]{12}$/), strength: 0.7 }])
    await window.screenshot('create-lora')
    expect(await window.axe()).toEqual([])
  })

  test('tell what of them fits nowhere', async () => {
    await add('unmatched-key')
    await expect.poll(() => used().count()).toBe(2)
    expect((await paint(3))?.loras).toHaveLength(2)
    await page
      .getByText(/There is nothing in this base for 1 part of unmatched-key.safetensors/)
      .first()
      .waitFor()
  })

  test('are taken out, with the way back, and by one click', async () => {
    await page.getByRole('button', { name: 'Take kohya out' }).click()
    await expect.poll(() => used().count()).toBe(1)
    await page.getByRole('button', { name: 'Undo' }).first().click()
    await expect.poll(() => used().count()).toBe(2)
    expect(await strength('kohya').inputValue()).toBe('0.7')
    await page.getByRole('button', { name: 'Reset loras' }).click()
    await expect.poll(() => used().count()).toBe(0)
    expect((await paint(4))?.loras).toBeUndefined()
  })

  test('come back with a picture, and those that its prompt names stay in the prompt', async () => {
    const prompt = page.getByRole('textbox', { name: 'Prompt', exact: true })
    await add('kohya')
    await prompt.fill('a fox <lora:unmatched-key:0.5>')
    const settings = await paint(5)
    expect(settings?.prompt).toBe('a fox <lora:unmatched-key:0.5>')
    expect(settings?.loras).toMatchObject([
      { name: 'kohya', strength: 1 },
      { name: 'unmatched-key', strength: 0.5, inPrompt: true },
    ])
    await page.getByRole('button', { name: 'Reset loras' }).click()
    await prompt.fill('something else')
    await page.getByRole('button', { name: 'Use these settings' }).click()
    await expect.poll(() => used().count()).toBe(1)
    expect(await prompt.inputValue()).toBe('a fox <lora:unmatched-key:0.5>')
  })

  test('a name that the library does not have is told in one sentence', async () => {
    await page.getByRole('textbox', { name: 'Prompt', exact: true }).fill('a fox <lora:nowhere>')
    await page.keyboard.press('ControlOrMeta+Enter')
    await page.getByText('There is no LoRA nowhere in the library.').first().waitFor()
    expect(window.complaints).toEqual([])
  })

  test('stand on a shelf of their own, from which they are taken into Create', async () => {
    await page.getByRole('button', { name: 'Models', exact: true }).click()
    const card = page.getByRole('region', { name: 'LoRAs' }).getByRole('article', { name: 'unmatched-key' })
    await card.getByRole('button', { name: 'Use in Create' }).click()
    await expect.poll(() => used().count()).toBe(2)
  })
})
