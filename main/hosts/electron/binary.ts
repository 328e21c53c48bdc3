import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '../../../models/errors.ts'

const folder = fileURLToPath(new URL('../../../node_modules/electron/', import.meta.url))

/**
 * Electron's binary in a checkout; undefined where none was fetched (`npx install-electron`). ELECTRON_OVERRIDE_DIST_PATH
 * names another folder, as for Electron itself. Importing the package would fetch it.
 */
export function electronBinary(): string | undefined {
  const dist = process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist')
  const named = join(folder, 'path.txt')
  const binary = join(dist, existsSync(named) ? readFileSync(named, 'utf8') : usual)
  return existsSync(binary) ? binary : undefined
}

const names = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' } as const
const usual = process.platform === 'darwin' || process.platform === 'win32' ? names[process.platform] : 'electron'

/** What a process ends with that was told to. */
const cancelled = 130

/** Whether a window can be shown. */
const hasDisplay = (): boolean =>
  process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)

/** Why no desktop window can be opened here, as the beginning of a sentence; undefined where it can. */
export function whyNoWindow(): string | undefined {
  if (!hasDisplay()) return 'There is no display'
  return electronBinary() === undefined ? 'There is no Electron here (npx install-electron fetches it)' : undefined
}

/**
 * Runs a built studio in Electron until it ends, or the signal; its exit code. UserError where Electron was ended by a
 * signal, as where Chromium finds no sandbox.
 */
export async function runElectron(app: string, args: readonly string[], signal: AbortSignal): Promise<number> {
  const binary = electronBinary()
  if (binary === undefined) throw new Error(`there is no Electron in ${dirname(folder)}`)
  const child = spawn(binary, [app, ...args], { stdio: 'inherit' })
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
  const [code, by]: (number | string | null)[] = await once(child, 'close')
  if (typeof code === 'number') return code
  if (signal.aborted) return cancelled
  throw new UserError(`Electron was ended by ${by}.`, '`npm start -- --port 0` opens the studio in your browser.')
}
