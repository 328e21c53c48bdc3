import type { Dtype } from '../tensor/dtype.ts'
import type { TensorEntry, TensorTable } from '../tensor/entry.ts'
import { eachChunk } from '../tensor/safetensors/chunks.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** Numbers that are not finite have every bit of the exponent set. */
const exponentFull = (words: Uint8Array | Uint16Array | Uint32Array, mask: number): boolean => {
  for (let i = 0; i < words.length; i++) if (((words[i] as number) & mask) === mask) return true
  return false
}

/** Whether bytes of a type hold a NaN or an infinity; a type that is not here has neither. */
const notFinite: Partial<Record<Dtype, (bytes: Bytes) => boolean>> = {
  f32: ({ buffer, length }) => exponentFull(new Uint32Array(buffer, 0, length / 4), 0x7f800000),
  f16: ({ buffer, length }) => exponentFull(new Uint16Array(buffer, 0, length / 2), 0x7c00),
  bf16: ({ buffer, length }) => exponentFull(new Uint16Array(buffer, 0, length / 2), 0x7f80),
  f64: ({ buffer, length }) => !new Float64Array(buffer, 0, length / 8).every(Number.isFinite),
  f8_e5m2: bytes => exponentFull(bytes, 0x7c),
  f8_e4m3: bytes => exponentFull(bytes, 0x7f),
}

/**
 * Looks for a weight that is NaN or infinite, tensor by tensor in the order of the files.
 * @returns the first tensor that holds one
 */
export const findNaN = async (tables: Iterable<TensorTable>): Promise<TensorEntry | undefined> => {
  const entries = [...tables].flatMap(table => [...table.values()])
  entries.sort((a, b) => (a.file === b.file ? a.offset - b.offset : a.file < b.file ? -1 : 1))
  for (const entry of entries) {
    const isBad = notFinite[entry.dtype]
    let bad = false
    if (isBad) {
      await eachChunk(entry, bytes => {
        bad ||= isBad(bytes)
        return !bad
      })
    }
    if (bad) return entry
  }
  return undefined
}
