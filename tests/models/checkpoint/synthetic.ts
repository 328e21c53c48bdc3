import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'

/** `[dtype as in the file, shape]` by key. */
export type Headers = Readonly<Record<string, readonly [dtype: string, shape: readonly number[], ...rest: unknown[]]>>

const widths: Record<string, number> = { F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, BF16: 2, F8_E4M3: 1, U8: 1 }

/** A folder for the tests of one file, gone when they are done. Call it outside of tests. */
export const scratch = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'cicerone-checkpoint-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes a valid safetensors file whose data is a hole: any size costs nothing. */
export const writeHollow = async (
  path: string,
  tensors: Headers,
  metadata?: Record<string, string>,
): Promise<string> => {
  let end = 0
  const table: Record<string, unknown> = metadata ? { __metadata__: metadata } : {}
  for (const [key, [dtype, shape]] of Object.entries(tensors)) {
    const begin = end
    end += shape.reduce((n, size) => n * size, widths[dtype] as number)
    table[key] = { dtype, shape, data_offsets: [begin, end] }
  }
  return writeRaw(path, JSON.stringify(table), end)
}

/** Writes a safetensors file with this header text, whatever it is, and a hole of data. */
export const writeRaw = async (path: string, header: string | Uint8Array, dataBytes = 0): Promise<string> => {
  const text = Buffer.from(header as string)
  const start = Buffer.alloc(8)
  start.writeBigUInt64LE(BigInt(text.length))
  await mkdir(dirname(path), { recursive: true })
  const handle = await open(path, 'w')
  await handle.write(Buffer.concat([start, text]))
  await handle.truncate(8 + text.length + dataBytes)
  await handle.close()
  return path
}
