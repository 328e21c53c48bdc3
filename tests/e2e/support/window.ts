import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll } from 'vitest'
import { launchBrowser } from './browser.ts'
import { isDesktop } from './desktop.ts'
import type { Studio } from './studio.ts'

export interface WindowOptions {
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'dark' | 'light'
}

/** A studio's window in a browser. */
export interface Window {
  readonly page: Page
  readonly context: BrowserContext
  /** What the page has complained of: errors on the console, faults of scripts, what its policy forbade. */
  readonly complaints: string[]
  /** Serious findings of axe, one line each. */
  axe(): Promise<string[]>
  /** Kept as `NAME.png` where SCREENSHOTS names a folder; does nothing else. */
  screenshot(name: string): Promise<void>
  close(): Promise<void>
}

let browser: Promise<Browser> | undefined
afterAll(async () => {
  await (await browser)?.close()
  browser = undefined
})

/** Opens the studio in a browser with a session of its own. One browser serves all tests of a file. */
export async function openWindow(studio: Studio, options: WindowOptions = {}): Promise<Window> {
  const { width = 1440, height = 900, colorScheme = 'dark' } = options
  const page = isDesktop(studio) ? studio.page : await newPage()
  const context = page.context()
  await page.setViewportSize({ width, height })
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
  const complaints: string[] = []
  page.on('console', message => {
    if (message.type() === 'error') complaints.push(`${message.text()} (${message.location().url})`)
  })
  page.on('pageerror', error => complaints.push(String(error.stack ?? error)))
  if (isDesktop(studio)) {
    // It has been open since the start: what a test has done since then is seen as by a window that opens now.
    await page.reload()
    await page.getByRole('main').waitFor()
  } else {
    const link = await studio.link()
    await page.goto(link)
    await page.waitForURL(`${new URL(link).origin}/`)
  }
  return {
    page,
    context,
    complaints,
    async axe() {
      // Else it opens a page of its own, which Electron does not allow.
      const { violations } = await new AxeBuilder({ page }).setLegacyMode(isDesktop(studio)).analyze()
      return violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, help, nodes }) => `${id}: ${help} (${nodes.map(({ target }) => target.join(' ')).join(', ')})`)
    },
    async screenshot(name) {
      const folder = process.env.SCREENSHOTS
      if (!folder) return
      mkdirSync(folder, { recursive: true })
      await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' })
    },
    close: () => (isDesktop(studio) ? Promise.resolve() : context.close()),
  }
}

/** What lies on the clipboard, as a person gets at it: Electron lets no page read it. */
export async function pasted(page: Page): Promise<string> {
  // Within what holds the focus fast.
  const dialog = page.getByRole('dialog')
  await dialog.evaluate(each => each.appendChild(document.createElement('textarea')).focus())
  await page.keyboard.press('ControlOrMeta+v')
  return dialog.evaluate(each => {
    const area = each.lastElementChild as HTMLTextAreaElement
    area.remove()
    return area.value
  })
}

async function newPage(): Promise<Page> {
  browser ??= launchBrowser()
  const context = await (await browser).newContext({ permissions: ['clipboard-read', 'clipboard-write'] })
  return context.newPage()
}
