import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import type { GenerateRequest } from '../../preload/contract/generation.ts'
import type { Connection } from './support/api.ts'
import { launchBrowser } from './support/browser.ts'
import { type Studio, startStudio } from './support/studio.ts'

/** What the demo model paints well: `node tests/e2e/screenshots.ts OUT` shows these in every view. */
const pictures: readonly (Partial<GenerateRequest> & { prompt: string; seed: number })[] = [
  { prompt: 'a big sunflower on a blue background', seed: 11 },
  { prompt: 'a big octopus on a mint background', seed: 4, guidance: 4 },
  { prompt: 'a big watch on a gray background, twemoji', seed: 21 },
  { prompt: 'a big tiger face on a green background', seed: 8 },
  { prompt: 'a big yellow heart on a purple background', seed: 2, width: 152, height: 104 },
  { prompt: 'a big birthday cake on a pink background', seed: 5 },
  { prompt: 'a big pizza on a light blue background', seed: 9, guidance: 7 },
  { prompt: 'a big tropical fish on a yellow background', seed: 13, width: 104, height: 152 },
  { prompt: 'a big red apple on a white background', seed: 3 },
  { prompt: 'a big robot on a orange background', seed: 17 },
  { prompt: 'a big panda on a mint background', seed: 6 },
  { prompt: 'a big balloon on a blue background', seed: 7, method: 'none' },
  { prompt: 'a big strawberry on a light blue background', seed: 7 },
]

const widths = [
  { width: 1440, height: 900 },
  { width: 900, height: 720 },
] as const
const schemes = ['dark', 'light'] as const

async function paintAll({ api, next }: Connection): Promise<void> {
  for (const { prompt, ...picture } of pictures) {
    const { id } = await api.queue.enqueue({ prompt, steps: 24, guidance: 5, ...picture })
    await next('queue.changed', ({ jobs }) => jobs.every(job => job.id !== id))
  }
}

async function settle(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle')
  await page.evaluate('Promise.all([...document.images].map(image => image.decode().catch(() => {})))')
}

async function shoot(page: Page, path: string): Promise<void> {
  await settle(page)
  await page.screenshot({ path, animations: 'disabled' })
  console.log(path)
}

/** Every view in one window. Its prompt is there already, so nothing is typed. */
async function everyView(page: Page, path: (name: string) => string): Promise<void> {
  const rail = page.getByRole('navigation', { name: 'Views' })
  await page.getByRole('application').getByRole('img').waitFor()
  await shoot(page, path('create'))
  await page.keyboard.press('c')
  for (const place of [0, 1, 2])
    await page
      .getByText(/^\d+ passes · /)
      .nth(place)
      .waitFor()
  await shoot(page, path('compare'))
  await page.keyboard.press('Escape')
  await rail.getByRole('button', { name: 'Gallery' }).click()
  await shoot(page, path('gallery'))
  await rail.getByRole('button', { name: 'Models' }).click()
  await shoot(page, path('models'))
}

async function windows(browser: Browser, studio: Studio, out: string): Promise<void> {
  for (const viewport of widths) {
    for (const colorScheme of schemes) {
      const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' })
      const page = await context.newPage()
      const link = await studio.link()
      await page.goto(link)
      await page.waitForURL(`${new URL(link).origin}/`)
      await everyView(page, name => join(out, `${name}-${colorScheme}-${viewport.width}.png`))
      await context.close()
    }
  }
}

const [out] = process.argv.slice(2)
if (out === undefined) {
  console.error('node tests/e2e/screenshots.ts OUT')
  process.exit(2)
}
mkdirSync(out, { recursive: true })
const studio = await startStudio()
const browser = await launchBrowser()
try {
  const connection = await studio.connect()
  await paintAll(connection)
  const last = pictures.at(-1)
  const create = { prompt: last?.prompt, seed: last?.seed, steps: 24, seedLocked: true }
  await connection.api.system.keep({ key: 'create', value: create })
  connection.close()
  await windows(browser, studio, out)
} finally {
  await browser.close()
  await studio.stop()
}
