import type { FileHandle } from 'node:fs/promises'
import { writeAtomically } from '../atomically.ts'
import { bytesPerElement, type Dtype } from '../dtype.ts'
import { narrowF16 } from '../half.ts'
import { elements, type F32Tensor, type Shape } from '../tensor.ts'

/** A tensor as it is to lie in a file: plain numbers of its type, f16 as bits. */
export interface StoredTensor {
  readonly dtype: Dtype
  readonly shape: Shape
  readonly data: Float32Array | Uint16Array | BigInt64Array
}

/** The same numbers rounded to f16, which holds them in half of the bytes; beyond 65504 they become infinite. */
export const halved = ({ shape, data }: F32Tensor): StoredTensor => ({ dtype: 'f16', shape, data: narrowF16(data) })

/**
 * Writes a safetensors file in the canonical form: names sorted within each element size, largest elements first,
 * header padded with spaces to a multiple of 8. The same tensors and metadata give the same bytes.
 * The file appears whole or not at all: it is written under a temporary name beside `path`, synced and renamed.
 * @throws UserError where the folder cannot be written to; Error where data and shape disagree
 */
export const writeTensors = async (
  path: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> => {
  const sorted = [...tensors].sort(
    ([a, x], [b, y]) => bytesPerElement[y.dtype] - bytesPerElement[x.dtype] || (a < b ? -1 : 1),
  )
  const header = headerBytes(sorted, metadata)
  await writeAtomically(path, async handle => {
    await writeAll(handle, header)
    for (const [, { data }] of sorted)
      await writeAll(handle, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  })
}

const headerBytes = (
  sorted: readonly (readonly [string, StoredTensor])[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array => {
  const table: [string, object][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : []
  let end = 0
  for (const [name, { dtype, shape, data }] of sorted) {
    if (name === '__metadata__') throw new Error('a tensor cannot be named __metadata__')
    if (data.length !== elements(shape)) throw new Error(`${name}: ${data.length} elements do not fill [${shape}]`)
    const begin = end
    end += data.byteLength
    table.push([name, { dtype: dtype.toUpperCase(), shape, data_offsets: [begin, end] }])
  }
  // Joined by hand: an object would put names that look like numbers first, and take __proto__ for something else.
  const json = `{${table.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`
  const text = Buffer.from(json)
  const bytes = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, ' ')
  bytes.writeBigUInt64LE(BigInt(bytes.length - 8))
  text.copy(bytes, 8)
  return bytes
}

const writeAll = async (handle: FileHandle, bytes: Uint8Array): Promise<void> => {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, Math.min(bytes.length - done, 64 << 20))
    done += bytesWritten
  }
}
