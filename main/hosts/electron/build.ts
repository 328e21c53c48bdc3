import { cpSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { build, type Plugin } from 'vite'
import packageFile from '../../../package.json' with { type: 'json' }
import { isCurrent, makeWhole, root } from '../built.ts'
import { builtWindow } from '../http/window.ts'

const built = join(root, 'dist', 'desktop', 'entry.js')
const sources = ['main', 'models', 'preload', 'resources'].flatMap(folder => [folder, `${folder}/**`])

/** What is started by its own: Electron's main, the threads, the engine, what trains. */
const entries = [
  'main/hosts/electron/main.electron.ts',
  'main/database/worker.ts',
  'main/library/worker/thread.ts',
  'models/engine/process.ts',
  'models/engine/worker.ts',
  'models/runtime/probe/child.ts',
  'models/trainer/process.ts',
]

/** Packages that are packed as they are: those with binaries, and one of sharp's whose modules import each other in circles. */
const whole = ['better-sqlite3', 'onnxruntime-node', 'sharp', 'semver']

/** By which the trash package reaches the system's trash. */
const trashPrograms: Partial<Record<NodeJS.Platform, string>> = { darwin: 'macos-trash', win32: 'windows-trash.exe' }

/** In an archive Electron reads only what it runs itself: the studio lies beside it, for threads and for plain Node. */
const entry = `await import(new URL('./studio/main/hosts/electron/main.electron.js', import.meta.url.replace('/app.asar/', '/app.asar.unpacked/')))
`

/** Modules that are named by address get the name that they are built under; what is required is bundled like an import. */
const named: Plugin = {
  name: 'named',
  enforce: 'pre',
  transform: code =>
    code
      .replaceAll(/(new URL\('[^']+)\.ts(', import\.meta\.url\))/g, '$1.js$2')
      .replaceAll(/export const (\{[^}]+\}) =\s+require\(('[^']+')\).*/g, 'export $1 from $2'),
}

/**
 * Builds, where it is not current, the desktop program into `dist/desktop`, which is what Electron runs in a checkout and what is packed: `studio`
 * (main, engine, the packages they use, models), `window`, `preload`, and the entry. `tell` hears of it before. Returns the folder.
 */
export async function buildDesktop(tell: (sentence: string) => void): Promise<string> {
  const window = await builtWindow(tell)
  if (isCurrent(built, [...sources, 'package.json', 'package-lock.json', relative(root, join(window, 'index.html'))]))
    return dirname(built)
  tell('Building the desktop program.')
  await makeWhole(built, async folder => {
    await buildStudio(join(folder, 'studio'))
    await buildPreload(join(folder, 'preload'))
    cpSync(window, join(folder, 'window'), { recursive: true })
    cpSync(join(root, 'resources'), join(folder, 'studio', 'resources'), {
      recursive: true,
      filter: source => !['icons', 'desktop'].includes(relative(join(root, 'resources'), source)),
    })
    writeFileSync(join(folder, 'entry.js'), entry)
    const { name, version, license } = packageFile
    const about = { name, productName: 'Cicerone Studio', version, license, type: 'module', main: 'entry.js' }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(about))
  })
  return dirname(built)
}

const common = { root, configFile: false, publicDir: false, logLevel: 'warn' } as const

/** Each module stays a file at its own place, so that what lies beside it is found as in a checkout. */
async function buildStudio(outDir: string): Promise<void> {
  await build({
    ...common,
    plugins: [named],
    ssr: { noExternal: true, external: ['electron', ...whole] },
    build: {
      ...{ ssr: true, outDir, target: 'node24', minify: false, license: { fileName: 'licenses.md' } },
      rolldownOptions: {
        input: entries,
        output: {
          preserveModules: true,
          preserveModulesRoot: root,
          // A folder of that name would be taken for installed packages.
          entryFileNames: ({ name }) => `${name.replaceAll('node_modules', 'packages')}.js`,
        },
      },
    },
  })
  const program = trashPrograms[process.platform]
  if (program) cpSync(join(root, 'node_modules/trash/lib', program), join(outDir, 'packages/trash/lib', program))
  writeFileSync(join(outDir, 'package.json'), JSON.stringify({ type: 'module' }))
}

/** A sandboxed preload script is one file of CommonJS. */
async function buildPreload(outDir: string): Promise<void> {
  await build({
    ...common,
    ssr: { noExternal: true, external: ['electron'] },
    build: {
      ...{ ssr: true, outDir, target: 'chrome150', minify: false },
      rolldownOptions: { input: 'preload/bridge.ts', output: { format: 'cjs', entryFileNames: '[name].cjs' } },
    },
  })
}

if (import.meta.main) await buildDesktop(console.error)
