import { readFile } from 'node:fs/promises'

/** The number types that recorded outputs come in. */
const readers = {
  F64: (bytes: ArrayBuffer) => new Float64Array(bytes),
  F32: (bytes: ArrayBuffer) => new Float32Array(bytes),
  F16: (bytes: ArrayBuffer) => Float32Array.from(new Float16Array(bytes)),
  I64: (bytes: ArrayBuffer) => new BigInt64Array(bytes),
}

export interface Recorded {
  /** As the file says it: F64, F32, F16, I64. */
  dtype: string
  shape: number[]
  data: Float64Array | Float32Array | BigInt64Array
}

type Header = Record<string, { dtype: keyof typeof readers; shape: number[]; data_offsets: [number, number] }>

/** Reads a whole safetensors file of recorded outputs. On purpose apart from the reader that the studio has. */
export async function loadTensors(path: string): Promise<Map<string, Recorded>> {
  const { buffer, byteOffset } = await readFile(path)
  const start = byteOffset + 8
  const length = Number(new DataView(buffer, byteOffset).getBigUint64(0, true))
  const header: Header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, start, length)))
  delete header.__metadata__
  const tensors = new Map<string, Recorded>()
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    const [from, to] = data_offsets.map(offset => start + length + offset)
    tensors.set(name, { dtype, shape, data: readers[dtype](buffer.slice(from, to) as ArrayBuffer) })
  }
  return tensors
}
