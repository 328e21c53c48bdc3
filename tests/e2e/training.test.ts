import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Runs } from '../../main/training/runs.ts'
import { parseRecipe } from '../../models/training/read-recipe.ts'
import type { RecipeOf } from '../../models/training/recipe.ts'
import { fixture } from '../support/fixtures.ts'
import type { Connection } from './support/api.ts'
import { type Studio, startStudio } from './support/studio.ts'
import { openWindow, type Window } from './support/window.ts'

let studio: Studio
let other: Connection
let window: Window
let page: Page
let base: string
let basePath: string

/** A base whose step takes a moment: the smallest network that there is, with latents of 8 cells. */
function smallBase(): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'cicerone-small-')), 'small')
  cpSync(fixture('sd1-tiny', 'folder'), folder, { recursive: true })
  const file = join(folder, 'unet', 'config.json')
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), sample_size: 8 }))
  return folder
}

/** Puts a run among the studio's that was begun some time ago, of less work than the form offers: it can be gone on with. */
const begun = (name: string, steps: number, sampleEvery: number) =>
  new Runs(studio.data).create({ name, base, baseName: 'small', quality: 'quick' }, 'an owl\na fox\n', prompts => {
    const states = { count: 16, teacherSteps: [2, 2], held: 4, together: 8 }
    const pace = { steps, batch: 2, learningRate: 0.001, warmup: 2, checkpointEvery: 3, sampleEvery }
    const recipe = { objective: 'guide', name, base: basePath, prompts, kind: 'lora1', seed: 1, states, ...pace }
    return parseRecipe(recipe, 'recipe.json') as RecipeOf<'guide'>
  })

beforeAll(async () => {
  studio = await startStudio()
  other = await studio.connect()
  basePath = smallBase()
  base = (await other.api.models.import({ source: { path: basePath }, way: 'in place' })).model.id
  await other.api.system.keep({ key: 'create', value: { base } })
  window = await openWindow(studio)
  page = window.page
}, 180_000)

afterAll(async () => {
  other?.close()
  await window?.close()
  await studio?.stop()
})

const main = () => page.getByRole('main')
const form = () => page.getByRole('region', { name: 'A new guide' })
const status = (text: RegExp) => page.getByRole('contentinfo').getByRole('button', { name: text })
const button = (name: string) => main().getByRole('button', { name, exact: true })
const curve = () => page.getByRole('slider', { name: 'Step of the curve' })
const lastStep = async () => Number(await curve().getAttribute('aria-valuemax'))

/** Drops a text file on the prompts as a person does. */
const dropOnPrompts = (name: string, text: string) =>
  form()
    .getByRole('group', { name: 'Prompts' })
    .evaluate(
      (field, [name = '', text = '']) => {
        const dataTransfer = new DataTransfer()
        dataTransfer.items.add(new File([text], name, { type: 'text/plain' }))
        for (const type of ['dragenter', 'dragover', 'drop'])
          field.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }))
      },
      [name, text],
    )

describe('training a guide', { timeout: 240_000 }, () => {
  test('the view says what a guide is, and the bar offers one for a base that none fits', async () => {
    await page.keyboard.press('4')
    await page.getByRole('heading', { name: 'No guide trained yet' }).waitFor()
    expect(await window.axe()).toEqual([])
    await window.screenshot('training-empty')
    await page.keyboard.press('1')
    await page.getByRole('button', { name: 'Train a guide for this base' }).click()
    await form().getByRole('combobox', { name: 'Base: small' }).waitFor()
    await form()
      .getByText(/^Measuring one step/)
      .waitFor()
    expect(await window.axe()).toEqual([])
    await window.screenshot('training-measuring')
  })

  test('prompts are counted at once, from a file or a drop; what is missing is said beside its field', async () => {
    await form().getByRole('radio', { name: 'My own' }).click()
    await form().getByRole('button', { name: 'Begin training' }).click()
    await form().getByText('Write prompts, one a line, or open a text file.').waitFor()
    const buffer = Buffer.from('# birds\nan owl\na fox\nan owl\n')
    await form().getByLabel('Text file of prompts').setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer })
    await form().getByText('2 prompts found').waitFor()
    await dropOnPrompts('b.txt', 'a hen\na cow\na dog\n')
    await form().getByText('3 prompts found').waitFor()
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  test('what each quality takes is measured on the base', async () => {
    const measured = form().getByText(/^Measured here: .+ a step of \d+ examples, [\d.]+ GB of memory/)
    await measured.waitFor({ timeout: 200_000 })
    await expect
      .poll(() =>
        form()
          .getByText(/^about (\d|less)/)
          .count(),
      )
      .toBe(3)
    expect(await form().getByRole('textbox', { name: 'Name' }).inputValue()).toBe('small guide')
    expect(await window.axe()).toEqual([])
    await window.screenshot('training-form')
  })

  test('it begins at once, is stopped, and deleted when that is confirmed', async () => {
    await form()
      .getByRole('radio', { name: /^Quick/ })
      .click()
    await form().getByRole('button', { name: 'Begin training' }).click()
    await main().getByRole('heading', { name: 'small guide' }).waitFor()
    await status(/^Training small guide, /).waitFor()
    await button('Stop').click()
    await button('Delete small guide').click({ timeout: 60_000 })
    const dialog = page.getByRole('dialog', { name: 'Delete the training of small guide?' })
    await dialog.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByRole('heading', { name: 'No guide trained yet' }).waitFor()
    expect(await other.api.training.runs({})).toEqual([])
  })

  test('while it trains, the curve grows and pictures come; it waits while others are painted', async () => {
    await begun('Long', 100_000, 3000)
    await page.reload()
    await main().getByRole('heading', { name: 'Long' }).waitFor()
    await button('Continue').click()
    await status(/^Training Long, /).waitFor()
    await curve().waitFor({ timeout: 120_000 })
    const before = await lastStep()
    await expect.poll(lastStep, { timeout: 60_000 }).toBeGreaterThan(before)
    await main()
      .getByText(/% of CFG's effect missing at w = 4$/)
      .waitFor({ timeout: 60_000 })
    for (const name of [/^Enlarge No guidance: /, /^Enlarge CFG: /])
      await main().getByRole('button', { name }).first().waitFor({ timeout: 60_000 })
    await curve().press('Home')
    expect(await curve().getAttribute('aria-valuetext')).toMatch(/^Step 1, loss /)
    expect(await window.axe()).toEqual([])
    await window.screenshot('training-running')
    await other.api.queue.enqueue({ prompt: 'an owl', base: basePath, steps: 200, method: 'none' })
    await status(/^Training Long waits while pictures are painted$/).waitFor()
    await status(/^Training Long, \d+%/).waitFor({ timeout: 60_000 })
  })

  test('a sample is enlarged, and held against the others in its place', async () => {
    await main()
      .getByRole('button', { name: /^Enlarge No guidance: / })
      .first()
      .click()
    await page.getByRole('dialog', { name: 'No guidance' }).waitFor()
    await page.keyboard.press('End')
    const cfg = page.getByRole('dialog', { name: 'CFG' })
    await expect.poll(() => cfg.getByRole('img').evaluate(img => (img as HTMLImageElement).naturalWidth)).toBe(64)
    await page.keyboard.press('Escape')
    await cfg.waitFor({ state: 'detached' })
  })

  test('it is stopped at a checkpoint and gone on with from there', async () => {
    await button('Stop').click()
    await button('Continue').waitFor({ timeout: 60_000 })
    const [stopped] = await other.api.training.runs({})
    expect(stopped).toMatchObject({ state: 'stopped', job: null })
    expect(stopped?.step).toBeGreaterThan(0)
    await button('Continue').click()
    await expect.poll(lastStep, { timeout: 60_000 }).toBeGreaterThan(stopped?.step ?? 0)
    await button('Stop').click()
    await button('Continue').waitFor({ timeout: 60_000 })
  })

  test('done, its guide is in the library and painted with', async () => {
    await begun('Short', 3, 0)
    await page.reload()
    await main()
      .getByRole('button', { name: /^Short/ })
      .click()
    await button('Continue').click()
    await button('Paint with it').click({ timeout: 120_000 })
    await page.getByRole('combobox', { name: 'Guide: Short' }).waitFor()
    await page.getByRole('combobox', { name: 'Base: small' }).waitFor()
    expect(window.complaints).toEqual([])
  })
})
