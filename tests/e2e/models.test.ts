import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, it, vi } from 'vitest'
import { fixture } from '../support/fixtures.ts'
import { inElectron } from './support/desktop.ts'
import { startStudio } from './support/studio.ts'
import { openWindow } from './support/window.ts'

vi.setConfig({ testTimeout: 180_000 })

const tiny = fixture('sd1-tiny', 'sd1-tiny.safetensors')

/** Drops files into the window as a person does, wherever the pointer is. */
async function drop(page: Page, files: readonly string[]): Promise<void> {
  const input = await page.evaluateHandle(() => {
    const input = document.createElement('input')
    input.type = 'file'
    input.multiple = true
    return input
  })
  await input.setInputFiles([...files])
  await input.evaluate(input => {
    const dataTransfer = new DataTransfer()
    for (const file of input.files ?? []) dataTransfer.items.add(file)
    for (const type of ['dragenter', 'dragover', 'drop'])
      document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }))
  })
}

const filesBelow = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap(entry => (entry.isFile() ? entry.name : []))
    : []

// The desktop knows where a dropped file or folder lies, and sends none.
it.skipIf(inElectron)('a dropped model says what it is, is copied in and paints', async () => {
  const studio = await startStudio()
  const { page, complaints, axe } = await openWindow(studio)
  await drop(page, [tiny])
  const sheet = page.getByRole('dialog', { name: 'sd1-tiny' })
  await sheet.getByText('Base, Stable Diffusion 1').waitFor()
  await sheet.getByText('19.5 MB').waitFor()
  await sheet.getByText(join('bases', 'sd1-tiny.safetensors')).waitFor()
  expect(await axe()).toEqual([])
  await sheet.getByRole('button', { name: 'Add a copy' }).click()
  await page.getByText('sd1-tiny is in the library.').waitFor()
  expect(filesBelow(join(studio.data, 'models'))).toContain('sd1-tiny.safetensors')
  expect(filesBelow(join(studio.data, 'cache', 'uploads'))).toEqual([])

  await page.getByRole('button', { name: 'Models', exact: true }).click()
  const card = page.getByRole('article', { name: 'sd1-tiny' })
  // The hash comes by itself, a moment later.
  await expect.poll(() => card.innerText(), { timeout: 20_000 }).toMatch(/[0-9a-f]{10}/)
  expect(await axe()).toEqual([])
  await card.getByRole('button', { name: 'Use in Create' }).click()
  const connection = await studio.connect()
  await page.getByRole('textbox', { name: 'Prompt', exact: true }).fill('a red ball')
  await page.getByRole('spinbutton', { name: 'Number of steps' }).fill('1')
  await page.keyboard.press('ControlOrMeta+Enter')
  const query = 'base:sd1-tiny'
  await expect.poll(async () => (await connection.api.gallery.page({ query })).total, { timeout: 120_000 }).toBe(1)
  expect(complaints).toEqual([])
  expect(await studio.stop()).toBe(0)
})

it('a file that cannot be used says why and leaves no trace; the next one waits its turn', async () => {
  const studio = await startStudio()
  const { page, complaints, axe } = await openWindow(studio)
  await drop(page, [
    fixture('bad-files', 'truncated-data.safetensors'),
    fixture('bad-files', 'custom-global.ckpt'),
    fixture('bad-files', 'empty.safetensors'),
  ])
  const refused = page.getByRole('dialog', { name: 'This cannot be used' })
  await refused.getByText(/cut short/).waitFor()
  await refused.getByText('2 more').waitFor()
  expect(await axe()).toEqual([])
  await refused.getByRole('button', { name: 'Next' }).click()
  await refused.getByText(/custom-global.ckpt/).waitFor()
  await refused.getByRole('alert').waitFor()
  expect(await refused.getByRole('alert').innerText()).toMatch(/safetensors/)
  await refused.getByRole('button', { name: 'Next' }).click()
  await refused.getByText('The file is empty.').waitFor()
  await refused.getByRole('button', { name: 'Close', exact: true }).last().click()
  await expect.poll(() => page.getByRole('dialog').count()).toBe(0)
  expect(filesBelow(join(studio.data, 'models'))).toEqual([])
  expect(filesBelow(join(studio.data, 'cache', 'uploads'))).toEqual([])
  const connection = await studio.connect()
  expect((await connection.api.models.list({})).map(({ id }) => id)).toEqual(['demo', 'demo-guide'])
  expect(complaints).toEqual([])
  await studio.stop()
})

it.skipIf(inElectron)(
  'no more of a file is sent than its header until it is wanted; what is sent shows how far it is and is given up half-way',
  async () => {
    const studio = await startStudio()
    const uploads = join(studio.data, 'cache', 'uploads')
    const { page, context, complaints } = await openWindow(studio)
    const network = await context.newCDPSession(page)
    const limit = (uploadThroughput: number) =>
      network.send('Network.emulateNetworkConditions', {
        ...{ offline: false, latency: 0, downloadThroughput: -1 },
        uploadThroughput,
      })
    await network.send('Network.enable')
    await limit(2 ** 20)
    const sent: number[] = []
    page.on('request', request => {
      if (request.method() === 'POST') sent.push(Number(new URL(request.url()).searchParams.get('size')))
    })
    await drop(page, [tiny, tiny])
    const sheet = page.getByRole('dialog', { name: 'sd1-tiny' })
    await sheet.getByText('19.5 MB').waitFor()
    // At 1 MB a second the whole file would take 19 s.
    expect(sent).toEqual([19_469_966])
    expect(filesBelow(uploads)).toEqual([])
    await sheet.getByRole('button', { name: 'Add a copy' }).click()
    const bar = sheet.getByRole('progressbar', { name: 'Sending' })
    const share = async () =>
      Number(await bar.getAttribute('aria-valuenow')) / Number(await bar.getAttribute('aria-valuemax'))
    await expect.poll(share, { timeout: 20_000 }).toBeGreaterThan(0)
    const before = await share()
    await expect.poll(share, { timeout: 20_000 }).toBeGreaterThan(before)
    expect(await share()).toBeLessThan(1)
    await sheet.getByText(/^Sending to the studio: .* of 19.5 MB$/).waitFor()
    expect(filesBelow(uploads)).toEqual(['sd1-tiny.safetensors'])
    // Given up, it leaves the next one to be looked at.
    await sheet.getByRole('button', { name: 'Skip' }).click()
    await sheet.getByRole('button', { name: 'Add a copy' }).waitFor()
    await expect.poll(() => readdirSync(uploads)).toEqual([])
    await limit(-1)
    await page.keyboard.press('Escape')
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0)
    expect(filesBelow(join(studio.data, 'models'))).toEqual([])
    expect(complaints).toEqual([])
    await studio.stop()
  },
)

it.skipIf(inElectron)(
  'a folder that is dropped is told to be added by its path, and what lies beside it is taken',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cicerone-dropped-'))
    const studio = await startStudio()
    const { page, context, complaints, axe } = await openWindow(studio)
    const input = await context.newCDPSession(page)
    const data = { items: [], files: [folder, tiny], dragOperationsMask: 1 }
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await input.send('Input.dispatchDragEvent', { type, x: 700, y: 450, data })
    const told = page.getByRole('dialog', { name: 'A browser cannot hand over a folder' })
    await told.getByText(`Add “${basename(folder)}” as a models folder by its path instead`).waitFor()
    expect(await axe()).toEqual([])
    await told.getByRole('button', { name: 'Add a models folder' }).click()
    await page.getByRole('dialog', { name: 'Models folders' }).getByLabel('Folder', { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog', { name: 'sd1-tiny' }).getByRole('button', { name: 'Add a copy' }).waitFor()
    expect(complaints).toEqual([])
    await studio.stop()
  },
)

it("a model's details say what its headers say, and keep what the person says", async () => {
  const studio = await startStudio()
  const connection = await studio.connect()
  await connection.api.models.import({ source: { path: fixture('sd2-tiny', 'sd2-tiny.safetensors') }, way: 'link' })
  const { page, complaints, axe } = await openWindow(studio)
  await page.getByRole('button', { name: 'Models', exact: true }).click()
  const card = page.getByRole('article', { name: 'sd2-tiny' })
  await card.getByRole('button', { name: 'More for sd2-tiny' }).click()
  await page.getByRole('menuitem', { name: 'Details…' }).click()
  const details = page.getByRole('dialog', { name: 'sd2-tiny' })
  await details.getByText('v, a guess: the file does not say').waitFor()
  await details.getByText('384 × 384').waitFor()
  expect(await axe()).toEqual([])
  await details.getByRole('combobox', { name: /^It predicts/ }).click()
  await page.getByRole('option', { name: 'Noise (epsilon)' }).click()
  await details.getByText('epsilon, by choice of a person').waitFor()
  await details.getByText('256 × 256').waitFor()
  // What cannot be is refused, and nothing is kept of it.
  await details.getByRole('combobox', { name: /^Its family/ }).click()
  await page.getByRole('option', { name: 'Stable Diffusion XL' }).click()
  await page
    .getByText(/This model cannot be SDXL: it lacks/)
    .first()
    .waitFor()
  await details.getByRole('combobox', { name: 'Its family: As the file says' }).waitFor()
  await details.getByRole('button', { name: 'Compute them' }).click()
  await details.getByText('ebabfeb563', { exact: true }).waitFor()
  expect(await axe()).toEqual([])
  const shots = process.env.SHOTS
  if (shots) await page.screenshot({ path: join(shots, 'details.png'), animations: 'disabled' })
  await details.getByRole('button', { name: 'Close' }).last().click()
  await card.getByText('epsilon by choice').waitFor()
  if (shots) await page.screenshot({ path: join(shots, 'card.png'), animations: 'disabled' })
  expect(complaints).toEqual([])
  await studio.stop()
})

it('a models folder is used in place, and what comes into it later appears by itself', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cicerone-webui-'))
  const bases = join(folder, 'models', 'Stable-diffusion')
  mkdirSync(bases, { recursive: true })
  mkdirSync(join(folder, 'models', 'Lora'))
  copyFileSync(tiny, join(bases, 'first.safetensors'))
  const studio = await startStudio()
  const { page, complaints, axe } = await openWindow(studio)
  await page.getByRole('button', { name: 'Models', exact: true }).click()
  await page.getByRole('article', { name: 'Demo model' }).getByText('demo model', { exact: true }).waitFor()
  await page
    .getByRole('article', { name: 'Demo model' })
    .getByRole('button', { name: 'Add your models folder' })
    .click()

  const dialog = page.getByRole('dialog', { name: 'Models folders' })
  await dialog.getByLabel('Folder', { exact: true }).fill(join(folder, 'nowhere'))
  await page.keyboard.press('Enter')
  await dialog.getByRole('alert').waitFor()
  expect(await axe()).toEqual([])
  await dialog.getByLabel('Folder', { exact: true }).fill(join(folder, 'models'))
  await page.keyboard.press('Enter')
  await dialog.getByText(/1 model found in/).waitFor()
  expect(await axe()).toEqual([])
  await page.keyboard.press('Escape')

  const first = page.getByRole('article', { name: 'first' })
  await first.getByText(`In your folder ${join(folder, 'models')}`).waitFor()
  copyFileSync(tiny, join(bases, 'second.safetensors'))
  const second = page.getByRole('article', { name: 'second' })
  await second.waitFor({ timeout: 20_000 })
  expect(await axe()).toEqual([])

  // The name is the studio's own; the file keeps its name.
  await second.getByRole('button', { name: 'More for second' }).click()
  await page.getByRole('menuitem', { name: 'Rename…' }).click()
  await page.getByRole('textbox', { name: 'Name' }).fill('Night walk')
  await page.keyboard.press('Enter')
  const renamed = page.getByRole('article', { name: 'Night walk' })
  await renamed.waitFor()
  await renamed.getByRole('button', { name: 'More for Night walk' }).click()
  await page.getByRole('menuitem', { name: 'Remove…' }).click()
  await page.getByText(/It is hidden here. Its file stays/).waitFor()
  expect(await axe()).toEqual([])
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await expect.poll(() => renamed.count()).toBe(0)
  expect(filesBelow(folder).sort()).toEqual(['first.safetensors', 'second.safetensors'])

  await page.getByRole('button', { name: 'Models folders' }).click()
  await dialog.getByRole('button', { name: /Take .* off the list/ }).click()
  await expect.poll(() => first.count()).toBe(0)
  expect(filesBelow(folder).sort()).toEqual(['first.safetensors', 'second.safetensors'])
  expect(complaints).toEqual([])
  await studio.stop()
})

it('a path is looked at and linked, without a copy', async () => {
  const studio = await startStudio()
  const { page, complaints, axe } = await openWindow(studio)
  await page.getByRole('button', { name: 'Models', exact: true }).click()
  await page.getByRole('button', { name: 'Add a model', exact: true }).click()
  await page.getByLabel('Or the path of a file or folder on this computer').fill(tiny)
  await page.keyboard.press('Enter')
  const sheet = page.getByRole('dialog', { name: 'sd1-tiny' })
  await sheet.getByRole('radio', { name: /^Link/ }).waitFor()
  await sheet.getByRole('radio', { name: /^Use it where it is/ }).check()
  expect(await axe()).toEqual([])
  await sheet.getByRole('button', { name: 'Use it' }).click()
  const card = page.getByRole('article', { name: 'sd1-tiny' })
  await card.getByText(`Used where it is: ${tiny}`).waitFor()
  expect(filesBelow(join(studio.data, 'models'))).toEqual([])
  await card.getByRole('button', { name: 'More for sd1-tiny' }).click()
  await page.getByRole('menuitem', { name: 'Remove…' }).click()
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await expect.poll(() => card.count()).toBe(0)
  expect(existsSync(tiny)).toBe(true)
  expect(complaints).toEqual([])
  await studio.stop()
})
