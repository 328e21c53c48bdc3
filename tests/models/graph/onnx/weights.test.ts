import { mkdir, mkdtemp, open, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ModelProtoSchema } from '../../../../models/graph/onnx/onnx_pb.js'
import { toOnnx } from '../../../../models/graph/onnx/write.ts'
import { add } from '../../../../models/graph/ops/add.ts'
import { cast } from '../../../../models/graph/ops/cast.ts'
import { linear } from '../../../../models/graph/ops/linear.ts'
import { mul } from '../../../../models/graph/ops/mul.ts'
import { input, type Value, weight } from '../../../../models/graph/value.ts'
import type { TensorEntry } from '../../../../models/tensor/entry.ts'
import { narrowBf16, narrowF16 } from '../../../../models/tensor/half.ts'
import { f32, type Tensor } from '../../../../models/tensor/tensor.ts'
import { expectNear, randomTensor } from '../numbers.ts'
import { reference } from '../reference/index.ts'
import { toNd } from '../reference/nd.ts'
import { runAll } from '../run-case.ts'

const kinds = ['f32', 'f16', 'bf16'] as const
type Kind = (typeof kinds)[number]

/** The numbers as a checkpoint file holds them. */
const stored: Readonly<Record<Kind, (values: Float32Array) => Uint8Array>> = {
  f32: values => new Uint8Array(values.buffer as ArrayBuffer),
  f16: values => new Uint8Array(narrowF16(values).buffer as ArrayBuffer),
  bf16: values => new Uint8Array(narrowBf16(values).buffer as ArrayBuffer),
}

let folder = ''
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'cicerone-weights-')))
})
afterAll(() => rm(folder, { recursive: true }))

interface Placed {
  readonly entry: TensorEntry
  readonly numbers: Tensor
}

/** A file with a tensor of each kind, all at odd offsets, between bytes that are no tensor. */
async function writeTensors(path: string, seed: number, shape: readonly number[]): Promise<Record<Kind, Placed>> {
  const file = join(folder, path)
  await mkdir(join(file, '..'), { recursive: true })
  const parts: Uint8Array[] = []
  let offset = 0
  const append = (bytes: Uint8Array) => {
    parts.push(bytes)
    offset += bytes.length
  }
  const placed = kinds.map((dtype, i): [Kind, Placed] => {
    append(new Uint8Array(offset % 2 === 0 ? 13 : 6).fill(0xff))
    const numbers = randomTensor(seed + i, shape, { dtype })
    const bytes = stored[dtype](numbers.data as Float32Array)
    const entry = { key: `${path} ${dtype}`, file, dtype, shape, offset, bytes: bytes.length }
    append(bytes)
    return [dtype, { entry, numbers }]
  })
  append(new Uint8Array(5).fill(0xff))
  await writeFile(file, Buffer.concat(parts))
  return Object.fromEntries(placed) as Record<Kind, Placed>
}

const asF32 = (entry: TensorEntry, shape = entry.shape): Value => cast(weight(entry, shape), 'f32')

describe('weights stay in their files', () => {
  test('three number types at odd offsets of two files in nested folders are read where they lie', async () => {
    const base = await writeTensors('one/base.safetensors', 10, [5, 7])
    const other = await writeTensors('one/two/three/other.bin', 20, [5, 7])
    const all = [...Object.values(base), ...Object.values(other)]
    expect(all.every(({ entry }) => entry.offset % 2 === 1)).toBe(true)

    const model = toOnnx(Object.fromEntries(all.map(({ entry }, i) => [`y${i}`, asF32(entry)])))
    expect(model.folder).toBe(join(folder, 'one'))
    expect(model.files.toSorted()).toEqual([base.f32.entry.file, other.f32.entry.file].toSorted())
    const [results] = await runAll(model, [{}])
    for (const [i, { numbers }] of all.entries()) expectNear(results?.[`y${i}`], toNd(numbers), 0, `tensor ${i}`)
  })

  test('one file gives its own folder, and two beside each other theirs', async () => {
    const a = await writeTensors('beside/a', 30, [4])
    const b = await writeTensors('beside/b', 40, [4])
    const c = await writeTensors('beside-too/c', 50, [4])
    const folderOf = (...placed: Placed[]) =>
      toOnnx(Object.fromEntries(placed.map(({ entry }, i) => [`y${i}`, asF32(entry)]))).folder
    expect(folderOf(a.f32)).toBe(join(folder, 'beside'))
    expect(folderOf(a.f32, b.f32)).toBe(join(folder, 'beside'))
    expect(folderOf(a.f32, c.f32)).toBe(folder)
    const [results] = await runAll(toOnnx({ y: add(asF32(a.f16.entry), asF32(c.f16.entry)) }), [{}])
    expectNear(results?.y, reference.add([toNd(a.f16.numbers), toNd(c.f16.numbers)], {}), 1)
  })

  test('the graph holds their places and nothing of their bytes', async () => {
    const { f32: matrix, f16: half } = await writeTensors('large.bin', 60, [256, 128])
    const x = input('x', { shape: [2, 128], dtype: 'f32' }, ['n'])
    const y = add(linear(x, asF32(matrix.entry)), linear(x, asF32(half.entry)))
    const { bytes } = toOnnx({ y })
    expect(bytes.length).toBeLessThan(1000)
    const start = stored.f32(matrix.numbers.data as Float32Array).subarray(0, 12)
    expect(Buffer.from(bytes).includes(Buffer.from(start))).toBe(false)

    const { graph } = fromBinary(ModelProtoSchema, bytes)
    const written = graph?.initializer.filter(({ externalData }) => externalData.length > 0)
    expect(written?.map(({ dims, rawData }) => [dims, rawData.length])).toEqual(Array(2).fill([[256n, 128n], 0]))
    expect(written?.map(({ externalData }) => externalData.map(({ key, value }) => `${key} ${value}`))).toEqual(
      [matrix, half].map(({ entry }) => ['location large.bin', `offset ${entry.offset}`, `length ${entry.bytes}`]),
    )
    const given = randomTensor(70, [3, 128])
    const [results] = await runAll(toOnnx({ y }), [{ x: given }])
    const part = ({ numbers }: Placed) => reference.linear([toNd(given), toNd(numbers)], {})
    expectNear(results?.y, reference.add([part(matrix), part(half)], {}), 16)
  })

  test('a weight that is used twice is one initializer, and another reading of it another', async () => {
    const { f32: placed } = await writeTensors('readings.bin', 80, [6, 2, 1, 1])
    const matrix = () => asF32(placed.entry, [6, 2])
    const model = toOnnx({ y: mul(matrix(), matrix()), z: asF32(placed.entry, [4, 3]) })
    expect(fromBinary(ModelProtoSchema, model.bytes).graph?.initializer).toHaveLength(2)
    const [results] = await runAll(model, [{}])
    const { data } = toNd(placed.numbers)
    expectNear(results?.y, { shape: [6, 2], data: data.map(value => value * value) }, 1)
    expectNear(results?.z, { shape: [4, 3], data }, 0)
  })

  test('a file that no output needs is not asked for', async () => {
    const { f32: placed } = await writeTensors('needed.bin', 90, [3])
    const missing = asF32({ ...placed.entry, file: join(folder, 'there is no such file') })
    expect(missing.kind).toBe('weight')
    const model = toOnnx({ y: asF32(placed.entry) })
    expect(model.files).toEqual([placed.entry.file])
  })

  test('beyond 2 and 3 GiB of a file', async ({ skip }) => {
    const file = join(folder, 'sparse.bin')
    const numbers = randomTensor(100, [33])
    const bytes = stored.f32(numbers.data as Float32Array)
    const handle = await open(file, 'w')
    const offsets = [2 ** 31 + 1, 3 * 2 ** 30]
    try {
      await handle.truncate(3 * 2 ** 30)
      const { blocks } = await handle.stat()
      skip((blocks ?? 0) * 512 > 2 ** 20, 'this file system has no sparse files')
      for (const offset of offsets) await handle.write(bytes, 0, bytes.length, offset)
    } finally {
      await handle.close()
    }
    const entry = (offset: number) => ({ key: 'far', file, dtype: 'f32' as const, shape: [33], offset, bytes: 132 })
    const model = toOnnx(Object.fromEntries(offsets.map((offset, i) => [`y${i}`, asF32(entry(offset))])))
    const [results] = await runAll(model, [{}])
    for (const i of offsets.keys()) expect(results?.[`y${i}`]).toEqual(f32(numbers.data as Float32Array))
    await rm(file)
  })
})
