import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '../../..')
const cache = join(root, 'node_modules/.cache/cicerone-chromium')

/** What a browser needs to be started. */
export interface Executable {
  readonly executablePath: string
  readonly env: Record<string, string>
}

/** The Chromium of the npm package, for Linux on x64; unpacked once. */
export async function packedChromium(): Promise<Executable> {
  const folder = await unpacked()
  const { LD_LIBRARY_PATH: libraries } = process.env
  const fonts = join(folder, 'fonts.conf')
  return {
    executablePath: join(folder, 'chromium'),
    env: {
      ...(process.env as Record<string, string>),
      // Behind the system's own libraries these fill in what a bare container lacks.
      LD_LIBRARY_PATH: [libraries, ...systemLibraries, join(folder, 'al2023/lib')].filter(Boolean).join(':'),
      ...(existsSync('/etc/fonts/fonts.conf') ? {} : { FONTCONFIG_FILE: fonts }),
    },
  }
}

const systemLibraries = ['/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu', '/lib64', '/usr/lib64']

async function unpacked(): Promise<string> {
  const main = createRequire(import.meta.url).resolve('@sparticuz/chromium')
  const packed = join(dirname(main), '../bin')
  if (existsSync(join(cache, 'chromium'))) return cache
  const part = `${cache}-${process.pid}`
  mkdirSync(part, { recursive: true })
  try {
    // The package unpacks into the system's temporary folder, where another process may be doing the same.
    const script = `
      const { default: chromium, inflate } = await import('@sparticuz/chromium')
      await chromium.executablePath()
      await inflate(${JSON.stringify(join(packed, 'al2023.tar.br'))})`
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: root,
      env: { ...process.env, TMPDIR: part },
    })
    const fonts = join(cache, 'fonts')
    writeFileSync(
      join(part, 'fonts.conf'),
      `<?xml version="1.0"?><fontconfig><dir>${fonts}</dir><cachedir>${fonts}-cache</cachedir></fontconfig>`,
    )
    renameSync(part, cache)
  } catch (error) {
    rmSync(part, { recursive: true, force: true })
    if (!existsSync(join(cache, 'chromium'))) throw error
  }
  return cache
}
