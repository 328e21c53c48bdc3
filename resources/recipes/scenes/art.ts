import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { UserError } from '../../../models/errors.ts'
import { things } from './things.ts'

/** One icon set: how its style is called, and its drawings by what they show, with its article: `a red apple`. */
export interface Art {
  readonly style: string
  readonly drawings: ReadonlyMap<string, Drawing>
}

/** An SVG without its outermost element, in which `box` (left, top, width, height) is seen. */
export interface Drawing {
  readonly body: string
  readonly box: readonly [number, number, number, number]
}

/** The npm packages that the pictures come from. Versions are part of the data: another one draws other pictures. */
export const packages = [
  { name: '@iconify-json/noto', version: '1.2.9', style: 'cartoon', licence: 'Apache-2.0' },
  { name: '@iconify-json/fluent-emoji', version: '1.2.7', style: 'glossy', licence: 'MIT' },
  { name: '@iconify-json/fluent-emoji-flat', version: '1.2.6', style: 'flat', licence: 'MIT' },
  { name: '@iconify-json/twemoji', version: '1.2.5', style: 'simple', licence: 'CC-BY-4.0' },
] as const

/** What is read of a package's `icons.json` (the IconifyJSON format); left and top are 0 where nothing is said. */
interface IconSet extends Box {
  readonly icons: Readonly<Record<string, Box & { readonly body: string }>>
  readonly aliases?: Readonly<Record<string, { readonly parent: string }>>
}

interface Box {
  readonly left?: number
  readonly top?: number
  readonly width?: number
  readonly height?: number
}

/**
 * The drawings of all `things`, in all four sets. The packages unpack to 143 MB, too much for everyone's
 * `npm ci`, so npm fetches them into `folder` where they are not there yet.
 */
export async function loadArt(folder: string): Promise<Art[]> {
  const missing = []
  for (const { name, version } of packages)
    if ((await installed(folder, name)) !== version) missing.push(`${name}@${version}`)
  if (missing.length > 0) await fetchPackages(folder)
  return Promise.all(
    packages.map(async ({ name, style }) => {
      const set = JSON.parse(await readFile(join(folder, 'node_modules', name, 'icons.json'), 'utf8')) as IconSet
      return {
        style,
        drawings: new Map(Object.entries(things).map(([icon, thing]) => [thing, drawingOf(set, icon, name)])),
      }
    }),
  )
}

async function installed(folder: string, name: string): Promise<string | undefined> {
  const text = await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as { version: string }).version
}

async function fetchPackages(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const dependencies = Object.fromEntries(packages.map(({ name, version }) => [name, version]))
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }))
  try {
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock']
    // npm is a script on Windows, which only a shell starts
    await promisify(execFile)('npm', ['install', ...flags], { cwd: folder, shell: process.platform === 'win32' })
  } catch (cause) {
    throw new UserError(
      'npm could not fetch the emoji packages.',
      `Look at what \`npm install\` says in ${folder}; the pictures are needed for training only.`,
      { cause },
    )
  }
}

function drawingOf(set: IconSet, name: string, packageName: string): Drawing {
  const icon = set.icons[set.aliases?.[name]?.parent ?? name]
  if (icon === undefined)
    throw new UserError(`${packageName} has no drawing of ${name}.`, 'Fetch the version that is asked for.')
  const { left = 0, top = 0, width = 16, height = 16 } = { ...set, ...icon }
  return { body: icon.body, box: [left, top, width, height] }
}
