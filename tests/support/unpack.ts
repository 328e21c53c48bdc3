import {
  copyFileSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, extname, join, relative } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { packed, unpacked } from './fixtures.ts'

/** How a file is packed, by its ending. Brotli finds what lies megabytes apart, which gzip does not. */
const packings: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  '.gz': gunzipSync,
  '.br': bytes => brotliDecompressSync(bytes),
}

/** Mirrors `from` in `to`, unpacking every `*.gz` and `*.br`. A file is made anew only when its source's modification time differs. */
export function unpack(from: string, to: string): void {
  const wanted = new Map(files(from).map(file => [file.replace(/\.(?:gz|br)$/, ''), join(from, file)]))
  for (const file of files(to)) if (!wanted.has(file)) rmSync(join(to, file))
  for (const [file, source] of wanted) {
    const target = join(to, file)
    const { mtime } = statSync(source)
    if (statSync(target, { throwIfNoEntry: false })?.mtime.getTime() === mtime.getTime()) continue
    const part = `${target}.${process.pid}`
    mkdirSync(dirname(target), { recursive: true })
    const unpacked = packings[extname(source)]
    if (unpacked) writeFileSync(part, unpacked(readFileSync(source)))
    else copyFileSync(source, part)
    utimesSync(part, mtime, mtime)
    renameSync(part, target)
  }
}

const files = (folder: string): string[] =>
  globSync('**', { cwd: folder, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(folder, join(entry.parentPath, entry.name)))

/** Vitest calls this once before all tests. */
export const setup = (): void => {
  // Not the person's own cache; kept from run to run, as what is found out about a computer stays true.
  process.env.XDG_CACHE_HOME = join(dirname(unpacked), 'cicerone-tests')
  unpack(packed, unpacked)
}
