import { spawn } from 'node:child_process'
import { globSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '../../../models/errors.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const built = join(root, 'dist', 'renderer')
const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
const sources = ['renderer', 'renderer/**', 'preload/contract/**', 'vite.config.ts', 'package-lock.json']

/**
 * The folder of the built window. In a checkout it is built where it is missing or older than what it is made of;
 * `tell` hears of that before.
 */
export async function builtWindow(tell: (sentence: string) => void): Promise<string> {
  const current = modified(join(built, 'index.html'))
  const newest = Math.max(0, ...globSync(sources, { cwd: root }).map(file => modified(join(root, file)) ?? 0))
  const complete = modified(join(root, 'renderer', 'index.html')) !== undefined && modified(vite) !== undefined
  if (current !== undefined && (current >= newest || !complete)) return built
  if (!complete) throw new UserError('The window is missing from this installation.', 'Install the studio again.')
  tell('Building the window.')
  await build()
  return built
}

/** Builds beside and puts it in place whole: another studio may be serving, or building, at the same time. */
async function build(): Promise<void> {
  const started = new Date()
  const part = `${built}-${process.pid}`
  try {
    const code = await runVite(part)
    if (code !== 0) throw new UserError('The window could not be built.', 'npx vite build says why.')
    // What is edited while it is built makes it old.
    utimesSync(join(part, 'index.html'), started, started)
    rmSync(built, { recursive: true, force: true })
    renameSync(part, built)
  } catch (error) {
    rmSync(part, { recursive: true, force: true })
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY')) throw error
  }
}

function runVite(outDir: string): Promise<number | null> {
  const flags = ['--configLoader', 'native', '--outDir', outDir, '--emptyOutDir']
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [vite, 'build', ...flags], { cwd: root, stdio: 'ignore' })
    child.on('error', reject)
    child.on('close', resolve)
  })
}

const modified = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.mtimeMs
