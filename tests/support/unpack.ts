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
import { dirname, join, relative } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { packed, unpacked } from './fixtures.ts'

/** Mirrors `from` in `to`, gunzipping every `*.gz`. A file is made anew only when its source's modification time differs. */
export function unpack(from: string, to: string): void {
  const wanted = new Map(files(from).map(file => [file.replace(/\.gz$/, ''), join(from, file)]))
  for (const file of files(to)) if (!wanted.has(file)) rmSync(join(to, file))
  for (const [file, source] of wanted) {
    const target = join(to, file)
    const { mtime } = statSync(source)
    if (statSync(target, { throwIfNoEntry: false })?.mtime.getTime() === mtime.getTime()) continue
    const part = `${target}.${process.pid}`
    mkdirSync(dirname(target), { recursive: true })
    if (source.endsWith('.gz')) writeFileSync(part, gunzipSync(readFileSync(source)))
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
export const setup = (): void => unpack(packed, unpacked)
