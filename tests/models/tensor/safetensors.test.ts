import { open, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UserError } from '../../../models/errors.ts'
import { narrowBf16, narrowF16, widenBf16, widenF16 } from '../../../models/tensor/half.ts'
import { readHeader } from '../../../models/tensor/safetensors/header.ts'
import { readTensor } from '../../../models/tensor/safetensors/read.ts'
import { writeTensors } from '../../../models/tensor/safetensors/write.ts'
import { f32, i64, type Tensor } from '../../../models/tensor/tensor.ts'
import { fixture } from '../../support/fixtures.ts'
import { loadTensors } from '../../support/safetensors.ts'
import { scratch, writeHollow, writeRaw } from '../checkpoint/synthetic.ts'

const folder = scratch()
const clean = scratch()
const path = (name: string) => join(folder, name)

/** The sentence with which a header is refused. */
const refusal = async (file: string): Promise<string> => {
  const error = await readHeader(file).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(UserError)
  return (error as UserError).message
}

const one = (info: string) => `{"a":${info}}`
const good = '"dtype":"F32","shape":[1],"data_offsets":[0,4]'

describe('headers that must be refused', () => {
  test.each([
    [
      'offset with a fraction',
      one('{"dtype":"F32","shape":[1],"data_offsets":[0,4.5]}'),
      4,
      'Tensor a has a size or offset that is not a whole number.',
    ],
    [
      'offset as text',
      one('{"dtype":"F32","shape":[1],"data_offsets":["0",4]}'),
      4,
      'Tensor a has data offsets that are not two numbers.',
    ],
    [
      'three offsets',
      one('{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}'),
      4,
      'Tensor a has data offsets that are not two numbers.',
    ],
    ['no shape', one('{"dtype":"F32","data_offsets":[0,4]}'), 4, 'Tensor a has a shape that is not a list of numbers.'],
    ['no dtype', one('{"shape":[1],"data_offsets":[0,4]}'), 4, 'Tensor a states no number type.'],
    [
      'lower-case dtype',
      one('{"dtype":"f32","shape":[1],"data_offsets":[0,4]}'),
      4,
      'Tensor a has the unknown number type f32.',
    ],
    ['tensor that is a number', one('3'), 0, 'Tensor a is not a table.'],
    [
      'offsets beyond 2^53',
      one('{"dtype":"F32","shape":[1],"data_offsets":[9007199254740993,9007199254740997]}'),
      4,
      'Tensor a states sizes that are impossibly large.',
    ],
    [
      'infinite offset',
      one('{"dtype":"F32","shape":[1],"data_offsets":[0,1e999]}'),
      4,
      'Tensor a has a size or offset that is not a whole number.',
    ],
    [
      'too few bytes for the shape',
      one('{"dtype":"F32","shape":[1],"data_offsets":[0,8]}'),
      8,
      'Tensor a has the shape [1], which needs fewer bytes (4) than its offsets give (8).',
    ],
    [
      'bytes before the first',
      one('{"dtype":"F32","shape":[1],"data_offsets":[4,8]}'),
      8,
      'There are bytes that belong to no tensor before a.',
    ],
    ['bytes after the last', one(`{${good}}`), 5, 'There are bytes that belong to no tensor after the last one, a.'],
    [
      'one byte short',
      one(`{${good}}`),
      3,
      'The file is cut short: tensor a ends past the end of the file; download it again.',
    ],
    ['bytes without tensors', '{}', 1, 'There are bytes that belong to no tensor and no tensor is named.'],
    [
      'metadata that is a list',
      `{"__metadata__":[],"a":{${good}}}`,
      4,
      'The metadata of the header is not a table of texts.',
    ],
    [
      'metadata that holds a number',
      `{"__metadata__":{"x":1},"a":{${good}}}`,
      4,
      'The metadata entry x of the header is not a text.',
    ],
    [
      'metadata that says something twice',
      `{"__metadata__":{"x":"1","\\u0078":"2"},"a":{${good}}}`,
      4,
      'The metadata of the header states x twice in the header.',
    ],
    [
      'a tensor that states its shape twice',
      one('{"shape":[2],"dtype":"F32","shape":[1],"data_offsets":[0,4]}'),
      4,
      'Tensor a states shape twice in the header.',
    ],
    ['an escaped duplicate', `{"a":{${good}},"\\u0061":{${good}}}`, 4, 'Tensor a appears twice in the header.'],
    ['two tensors on the same bytes', `{"a":{${good}},"b":{${good}}}`, 4, 'Tensors a and b claim the same bytes.'],
    [
      'a name with a terminal escape',
      `{"\\u001b[2J":{${good}}}`,
      4,
      'A tensor has a name that is no name: it is very long or holds control characters.',
    ],
    [
      'many axes',
      one(`{"dtype":"F32","shape":[${Array(17).fill(1)}],"data_offsets":[0,4]}`),
      4,
      'Tensor a has 17 axes, more than any tensor needs.',
    ],
    ['no header at all', '', 0, 'The header is not valid JSON.'],
    ['a number', '7', 0, 'The header is not a table of tensors.'],
    ['null', 'null', 0, 'The header is not a table of tensors.'],
    ['a byte order mark', '\ufeff{}', 0, 'The header is not valid JSON.'],
  ])('%s', async (_, header, bytes, sentence) => {
    expect(await refusal(await writeRaw(path('bad.safetensors'), header, bytes))).toBe(sentence)
  })

  test('deep nesting of objects, beyond any stack', async () => {
    const deep = `${'{"a":'.repeat(3_000_000)}1${'}'.repeat(3_000_000)}`
    expect(await refusal(await writeRaw(path('deep.safetensors'), deep))).toBe(
      'The header is nested too deeply to be genuine.',
    )
  })

  test('brackets inside names are not nesting', async () => {
    const name = '[{'.repeat(200)
    const { entries } = await readHeader(await writeRaw(path('brackets.safetensors'), `{"${name}":{${good}}}`, 4))
    expect([...entries.keys()]).toEqual([name])
  })

  test.each([
    [
      'pickle of protocol 4',
      Buffer.from('\x80\x04\x95\x10\0\0\0\0\0\0\0}\x94.', 'latin1'),
      'Pickle checkpoints can run code',
    ],
    ['pickle of protocol 0', Buffer.from('cos\nsystem\n(S"ls"\ntR.'), 'Pickle checkpoints can run code'],
    [
      'zip of something else',
      Buffer.from(`PK\x03\x04${'\0'.repeat(26)}readme.txt`),
      'This is a zip archive, not a model',
    ],
    ['web page after blank lines', Buffer.from('\n\n  <HTML><body>'), 'This is a web page'],
    ['JSON alone', Buffer.from('{ "weight_map": {} }'), 'This is a JSON file, not a model.'],
    ['picture', Buffer.from('\x89PNG\r\n\x1a\n----------', 'latin1'), 'This is a picture, not a model.'],
  ])('%s', async (_, bytes, sentence) => {
    await writeFile(path('other.bin'), bytes)
    expect(await refusal(path('other.bin'))).toContain(sentence)
  })

  test('a header whose length begins like a pickle is read', async () => {
    const header = one(`{${good}}`).padEnd(0x0280)
    expect((await readHeader(await writeRaw(path('like-a-pickle.safetensors'), header, 4))).entries.size).toBe(1)
  })

  test('paths that are no files', async () => {
    expect(await refusal(path('nowhere.safetensors'))).toBe(`${path('nowhere.safetensors')} does not exist.`)
    expect(await refusal(folder)).toBe(`${folder} is a folder, not a file.`)
    if (process.platform === 'win32') return
    expect(await refusal('/dev/zero')).toBe('/dev/zero is not a regular file.')
    await symlink('loop', path('loop'))
    expect(await refusal(path('loop'))).toContain('is a link that leads back to itself')
  })
})

describe('headers that must be read', () => {
  test('tensors in any order, empty ones anywhere, dangerous names', async () => {
    const header =
      '{"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},' +
      '"empty":{"dtype":"F32","shape":[0,9007199254740991,4],"data_offsets":[4,4]},' +
      '"__proto__":{"dtype":"F32","shape":[],"data_offsets":[0,4]},' +
      '"constructor":{"dtype":"F16","shape":[0],"data_offsets":[12,12]},' +
      '"__metadata__":{"__proto__":"p","toString":"t"}}   '
    const { entries, metadata, dataStart } = await readHeader(await writeRaw(path('odd.safetensors'), header, 12))
    expect([...entries.keys()].toSorted()).toEqual(['__proto__', 'b', 'constructor', 'empty'])
    expect(entries.get('b')).toMatchObject({ offset: dataStart + 4, bytes: 8, dtype: 'f32', shape: [2] })
    expect(Object.entries(metadata)).toEqual([
      ['__proto__', 'p'],
      ['toString', 't'],
    ])
    expect(Object.getPrototypeOf(metadata)).toBeNull()
    expect(({} as Record<string, unknown>).p).toBeUndefined()
  })

  test('links are resolved, because the runtime refuses them', async () => {
    const real = await writeHollow(path('real.safetensors'), { a: ['F32', [1]] })
    await symlink(real, path('link.safetensors'))
    expect((await readHeader(path('link.safetensors'))).entries.get('a')?.file).toBe((await readHeader(real)).file)
  })

  test.skipIf(process.platform === 'win32')('only the header of a file of 5 GB', async () => {
    const file = await writeHollow(path('large.safetensors'), { a: ['F16', [2_500_000_000]], b: ['F32', [1]] })
    const { entries } = await readHeader(file)
    expect(await readTensor(entries.get('b')!)).toEqual(f32(new Float32Array(1)))
    await expect(readTensor(entries.get('a')!)).rejects.toThrow('Tensor a is too large to be read into memory.')
  })
})

describe('fuzz', () => {
  const file = path('fuzz.safetensors')
  const survives = async (bytes: Uint8Array): Promise<void> => {
    await writeFile(file, bytes)
    try {
      const { entries, size } = await readHeader(file)
      for (const { offset, bytes } of entries.values()) expect(offset + bytes).toBeLessThanOrEqual(size)
    } catch (error) {
      expect(error).toBeInstanceOf(UserError)
    }
  }

  test('random bytes are refused in words', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), survives), { numRuns: 300 })
  })

  test('random JSON behind a right length', async () => {
    const run = async (value: unknown) => {
      await survives(await readFile(await writeRaw(file, JSON.stringify(value), 4)))
    }
    const number = fc.oneof(fc.integer(), fc.double(), fc.constant(4))
    const info = fc.record(
      {
        dtype: fc.oneof(fc.constantFrom('F32', 'F16', 'I64'), fc.string(), fc.constant(null)),
        shape: fc.oneof(fc.array(number), fc.string()),
        data_offsets: fc.oneof(fc.tuple(number, number), fc.array(fc.jsonValue())),
      },
      { requiredKeys: [] },
    )
    await fc.assert(fc.asyncProperty(fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), info)), run), { numRuns: 300 })
  })

  test('good files with some bytes changed, dropped or added', async () => {
    const original = await readFile(fixture('bad-files', 'good-dtypes.safetensors'))
    const change = fc.record({
      at: fc.oneof(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 0, max: original.length - 1 })),
      drop: fc.integer({ min: 0, max: 3 }),
      add: fc.oneof(fc.uint8Array({ maxLength: 3 }), fc.constantFrom('"', '{', '[', '-', '9', '\\').map(Buffer.from)),
    })
    const run = async (changes: { at: number; drop: number; add: Uint8Array }[]) => {
      const bytes = changes.reduce(
        (all: Buffer, { at, drop, add }) => Buffer.concat([all.subarray(0, at), add, all.subarray(at + drop)]),
        original,
      )
      await survives(bytes)
    }
    await fc.assert(fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), run), { numRuns: 500 })
  })
})

describe('reading and writing', () => {
  const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 })
  const tensor = shape.chain((sizes): fc.Arbitrary<Tensor> => {
    const count = sizes.reduce((n, size) => n * size, 1)
    const bounds = { minLength: count, maxLength: count }
    return fc.oneof(
      fc.float32Array(bounds).map(data => f32(data, sizes)),
      fc.bigInt64Array(bounds).map((data): Tensor => ({ dtype: 'i64', shape: sizes, data })),
    )
  })
  const name = fc.string({ unit: 'grapheme' }).filter(text => !/\p{Cc}/u.test(text) && text !== '__metadata__')

  test('what is written is read again, by our reader and by another', async () => {
    const tensors = fc.array(fc.tuple(name, tensor), { maxLength: 6 })
    const texts = fc.dictionary(fc.string(), fc.string())
    const run = async (pairs: [string, Tensor][], metadata: Record<string, string>) => {
      const file = path('round-trip.safetensors')
      await writeTensors(file, new Map(pairs), metadata)
      const header = await readHeader(file)
      expect(header.dataStart % 8).toBe(0)
      expect({ ...header.metadata }).toEqual({ ...metadata })
      expect(header.entries.size).toBe(new Map(pairs).size)
      const other = await loadTensors(file)
      for (const [key, { shape, data }] of new Map(pairs)) {
        const { shape: sizes, data: values } = await readTensor(header.entries.get(key)!)
        expect(sizes).toEqual(shape)
        expect(bits(values)).toEqual(bits(data))
        if (key !== '__proto__') expect(bits(other.get(key)!.data)).toEqual(bits(data))
      }
    }
    await fc.assert(fc.asyncProperty(tensors, texts, run), { numRuns: 100 })
  })

  test('the same content gives the same bytes, and nothing else is left in the folder', async () => {
    const content: [string, Tensor][] = [
      ['b', f32(new Float32Array([1, 2]))],
      ['a', f32(new Float32Array([3]))],
      ['c', i64([4])],
    ]
    await writeTensors(join(clean, 'x'), new Map(content), { k: 'v' })
    await writeTensors(join(clean, 'y'), new Map(content.toReversed()), { k: 'v' })
    expect(await readFile(join(clean, 'x'))).toEqual(await readFile(join(clean, 'y')))
    expect((await readdir(clean)).toSorted()).toEqual(['x', 'y'])
    await expect(writeTensors(join(clean, 'no/such/folder'), new Map())).rejects.toThrow(UserError)
  })

  test('tensors larger than one read', async () => {
    const data = Float32Array.from({ length: 3_000_001 }, (_, i) => i % 65521)
    await writeTensors(
      path('chunks'),
      new Map<string, Tensor>([
        ['ids', i64([1])],
        ['a', f32(data)],
      ]),
    )
    const read = await readTensor((await readHeader(path('chunks'))).entries.get('a')!)
    expect(Buffer.from(read.data.buffer).equals(Buffer.from(data.buffer))).toBe(true)
  })

  test('integers larger than one read', async () => {
    const file = await writeHollow(path('integers'), { a: ['U8', [9_000_000]] })
    const handle = await open(file, 'r+')
    await handle.write(Uint8Array.of(200), 0, 1, (await handle.stat()).size - 2)
    await handle.close()
    const { data } = await readTensor((await readHeader(file)).entries.get('a')!)
    expect(data.indexOf(200n as never)).toBe(8_999_998)
  })

  test('a file that shrinks after its header was read is refused', async () => {
    const file = await writeHollow(path('shrinks'), { a: ['F32', [100]] })
    const { entries } = await readHeader(file)
    await writeFile(file, 'short')
    await expect(readTensor(entries.get('a')!)).rejects.toThrow('tensor a is cut short')
  })

  test('u64 above 2^63 is refused by name', async () => {
    const header = '{"a":{"dtype":"U64","shape":[1],"data_offsets":[0,8]}}'
    const file = await writeRaw(path('u64'), header, 8)
    expect((await readTensor((await readHeader(file)).entries.get('a')!)).data).toEqual(new BigInt64Array(1))
    const bytes = await readFile(file)
    bytes.fill(0xff, bytes.length - 8)
    await writeFile(file, bytes)
    await expect(readTensor((await readHeader(file)).entries.get('a')!)).rejects.toThrow('Tensor a holds numbers above')
  })
})

describe('halves', () => {
  test('every f16 and bf16 goes there and back', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i)
    for (const [widen, narrow] of [
      [widenF16, narrowF16],
      [widenBf16, narrowBf16],
    ] as const) {
      const wide = widen(all)
      const back = narrow(wide)
      expect(all.filter(i => !Number.isNaN(wide[i]) && back[i] !== i)).toEqual(new Uint16Array())
      expect(Number.isNaN(widen(back)[0x7fff])).toBe(true)
    }
  })

  test('bf16 rounds to nearest, ties to even', () => {
    const words = new Uint32Array([0x3f808000, 0x3f818000, 0x3f808001, 0x7f7fffff, 0x7f800001, 0xff800000])
    expect([...narrowBf16(new Float32Array(words.buffer))]).toEqual([0x3f80, 0x3f82, 0x3f81, 0x7f80, 0x7fc0, 0xff80])
  })
})

const bits = (data: { buffer: ArrayBufferLike; byteOffset: number; byteLength: number }) =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')
