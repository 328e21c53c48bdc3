import { UserError } from '../../errors.ts'
import { type Dtype, isFloat } from '../dtype.ts'
import type { TensorEntry } from '../entry.ts'
import { f8e4m3Values, f8e5m2Values, widenBf16, widenF16 } from '../half.ts'
import { elements, type Tensor } from '../tensor.ts'
import { eachChunk } from './chunks.ts'

type Bytes = Uint8Array<ArrayBuffer>
type Floats = ArrayLike<number>

/** How each float type's bytes become numbers; all exact but f64, which is rounded to the nearest f32. */
const floats: Partial<Record<Dtype, (bytes: Bytes) => Floats>> = {
  f64: ({ buffer, length }) => new Float64Array(buffer, 0, length / 8),
  f32: ({ buffer, length }) => new Float32Array(buffer, 0, length / 4),
  f16: ({ buffer, length }) => widenF16(new Uint16Array(buffer, 0, length / 2)),
  bf16: ({ buffer, length }) => widenBf16(new Uint16Array(buffer, 0, length / 2)),
  f8_e4m3: bytes => Float32Array.from(bytes, byte => f8e4m3Values[byte] as number),
  f8_e5m2: bytes => Float32Array.from(bytes, byte => f8e5m2Values[byte] as number),
}

/** How each integer type's bytes become numbers; the 64-bit ones are copied as they are. */
const integers: Partial<Record<Dtype, (bytes: Bytes) => Floats>> = {
  i32: ({ buffer, length }) => new Int32Array(buffer, 0, length / 4),
  i16: ({ buffer, length }) => new Int16Array(buffer, 0, length / 2),
  i8: ({ buffer, length }) => new Int8Array(buffer, 0, length),
  u32: ({ buffer, length }) => new Uint32Array(buffer, 0, length / 4),
  u16: ({ buffer, length }) => new Uint16Array(buffer, 0, length / 2),
  u8: bytes => bytes,
  bool: bytes => bytes,
}

/** Elements that fit into one array of ours; a header may claim more. */
const mostElements = 2 ** 31

/**
 * Reads one tensor into memory, by ranges: every float type becomes f32, every integer type and bool i64.
 * @throws UserError where the tensor is too large for memory, an integer does not fit into i64, or the file changed
 */
export const readTensor = async (entry: TensorEntry): Promise<Tensor> => {
  const { dtype, shape } = entry
  const count = elements(shape)
  if (count > mostElements) throw new UserError(`Tensor ${entry.key} is too large to be read into memory.`)
  if (isFloat(dtype)) {
    const data = new Float32Array(count)
    const widen = floats[dtype] as (bytes: Bytes) => Floats
    await eachChunk(entry, (bytes, first) => void data.set(widen(bytes), first))
    return { dtype: 'f32', shape, data }
  }
  const data = new BigInt64Array(count)
  await eachChunk(entry, (bytes, first) => void fillIntegers(data, first, bytes, entry))
  return { dtype: 'i64', shape, data }
}

const fillIntegers = (data: BigInt64Array, first: number, bytes: Bytes, { dtype, key }: TensorEntry): void => {
  const widen = integers[dtype]
  if (widen) {
    const values = widen(bytes)
    for (let i = 0; i < values.length; i++) data[first + i] = BigInt(values[i] as number)
    return
  }
  const values = new BigInt64Array(bytes.buffer, 0, bytes.length / 8)
  if (dtype === 'u64' && values.some(value => value < 0n)) {
    throw new UserError(`Tensor ${key} holds numbers above 2^63, which are not supported.`)
  }
  data.set(values, first)
}
