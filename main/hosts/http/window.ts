import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UserError } from '../../../models/errors.ts'
import { isCurrent, makeWhole, root } from '../built.ts'

const page = join(root, 'dist', 'renderer', 'index.html')
const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
const sources = ['renderer', 'renderer/**', 'preload/contract/**', 'vite.config.ts', 'package-lock.json']

/**
 * The folder of the built window. In a checkout it is built where it is missing or older than what it is made of;
 * `tell` hears of that before.
 */
export async function builtWindow(tell: (sentence: string) => void): Promise<string> {
  const complete = existsSync(join(root, 'renderer', 'index.html')) && existsSync(vite)
  if (complete ? isCurrent(page, sources) : existsSync(page)) return dirname(page)
  if (!complete) throw new UserError('The window is missing from this installation.', 'Install the studio again.')
  tell('Building the window.')
  await makeWhole(page, async folder => {
    if ((await runVite(folder)) !== 0) throw new UserError('The window could not be built.', 'npx vite build says why.')
  })
  return dirname(page)
}

function runVite(outDir: string): Promise<number | null> {
  const flags = ['--configLoader', 'native', '--outDir', outDir, '--emptyOutDir']
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [vite, 'build', ...flags], { cwd: root, stdio: 'ignore' })
    child.on('error', reject)
    child.on('close', resolve)
  })
}
