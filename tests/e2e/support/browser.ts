import { existsSync } from 'node:fs'
import { type Browser, chromium, type LaunchOptions } from 'playwright-core'
import { packedChromium } from './chromium.ts'

/** Glyphs lie at the same places on every computer. */
const args = ['--font-render-hinting=none']

/**
 * Starts the first Chromium that there is: the one named in CHROMIUM_PATH, Playwright's own, the system's, and on Linux
 * the one of the npm package, so that `npm ci` is enough.
 */
export async function launchBrowser(): Promise<Browser> {
  const failures: string[] = []
  for await (const options of candidates(failures)) {
    try {
      return await chromium.launch({ args, ...options })
    } catch (error) {
      failures.push(String(error))
    }
  }
  throw new Error(`No Chromium could be started; set CHROMIUM_PATH to one.\n${failures.join('\n')}`)
}

async function* candidates(failures: string[]): AsyncGenerator<LaunchOptions> {
  const files = [
    process.env.CHROMIUM_PATH,
    chromium.executablePath(),
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ]
  for (const executablePath of files) if (executablePath && existsSync(executablePath)) yield { executablePath }
  if (process.platform === 'linux' && process.arch === 'x64') {
    try {
      yield await packedChromium()
    } catch (error) {
      failures.push(String(error))
    }
  } else yield* [{ channel: 'chrome' }, { channel: 'msedge' }]
}
