import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findNaN } from '../../../models/checkpoint/nan.ts'
import { readHeader } from '../../../models/tensor/safetensors/header.ts'
import { scratch, writeHollow } from './synthetic.ts'

const folder = scratch()

/** A file of zeros, longer than one read, with these bytes at an element of `bad`. */
const fileWith = async (dtype: string, bytes: readonly number[], element: number): Promise<string> => {
  const tensors = { good: [dtype, [10]], bad: [dtype, [5_000_000]], more: [dtype, [10]] } as const
  const file = await writeHollow(join(folder, 'weights'), tensors)
  const { entries } = await readHeader(file)
  const handle = await open(file, 'r+')
  await handle.write(Uint8Array.from(bytes), 0, bytes.length, entries.get('bad')!.offset + element * bytes.length)
  await handle.close()
  return file
}

const find = async (file: string) => (await findNaN([(await readHeader(file)).entries]))?.key

test.each([
  ['F32', 'infinity', [0, 0, 0x80, 0x7f], true],
  ['F32', 'a signalling NaN', [1, 0, 0x80, 0xff], true],
  ['F32', 'the largest number', [0xff, 0xff, 0x7f, 0x7f], false],
  ['F16', 'infinity', [0, 0x7c], true],
  ['F16', 'a signalling NaN', [1, 0xfc], true],
  ['F16', 'the largest number', [0xff, 0x7b], false],
  ['BF16', 'infinity', [0x80, 0xff], true],
  ['BF16', 'the largest number', [0x7f, 0x7f], false],
  ['F64', 'a NaN', [0, 0, 0, 0, 0, 0, 0xf8, 0x7f], true],
  ['F8_E4M3', 'a NaN', [0x7f], true],
  ['F8_E4M3', 'the largest number', [0x7e], false],
] as const)('%s: %s', async (dtype, _, bytes, found) => {
  expect(await find(await fileWith(dtype, bytes, 3))).toBe(found ? 'bad' : undefined)
  expect(await find(await fileWith(dtype, bytes, 4_999_999))).toBe(found ? 'bad' : undefined)
})

test('integers are never NaN', async () => {
  expect(await find(await fileWith('I32', [0xff, 0xff, 0xff, 0xff], 0))).toBeUndefined()
})
