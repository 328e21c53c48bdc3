import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The Node that the engine runs under: it comes as a dependency, also in a packed studio. */
export function nodeBinary(): string {
  const folder = dirname(createRequire(import.meta.url).resolve('node/package.json'))
  return join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
}
