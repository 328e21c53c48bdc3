import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Before the fuses of Electron's binary, as @electron/fuses looks for them: version 1, nine of them, off, on or removed. */
export const sentinel = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'
const wire = [1, 9, ...Buffer.from('101011001')]

/** A folder that is laid out as Electron for Linux is, with a program that only has its fuses. */
export function standIn(folder: string): void {
  for (const each of ['locales', 'resources']) mkdirSync(join(folder, each), { recursive: true })
  writeFileSync(join(folder, 'electron'), Buffer.concat([Buffer.from(sentinel), Buffer.from(wire)]), { mode: 0o755 })
  for (const file of ['LICENSE', 'version', 'locales/en-US.pak', 'resources/default_app.asar.txt'])
    writeFileSync(join(folder, file), '')
}
