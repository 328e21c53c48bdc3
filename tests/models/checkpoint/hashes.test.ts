import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hashModel } from '../../../models/checkpoint/hashes.ts'
import { readHeader } from '../../../models/tensor/safetensors/header.ts'
import { writeTensors } from '../../../models/tensor/safetensors/write.ts'
import { f32 } from '../../../models/tensor/tensor.ts'
import { fixture } from '../../support/fixtures.ts'
import { scratch } from './synthetic.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const folder = scratch()

test('AutoV2 is of the whole file, AutoV3 of what follows the header', async () => {
  const path = fixture('sd1-tiny', 'sd1-tiny.safetensors')
  const bytes = await readFile(path)
  const whole = sha256(bytes)
  expect(await hashModel(path)).toEqual({
    sha256: whole,
    autoV2: whole.slice(0, 10),
    autoV3: sha256(bytes.subarray((await readHeader(path)).dataStart)).slice(0, 12),
  })
})

test('metadata changes AutoV2 and not AutoV3, also where the header is longer than one read', async () => {
  const tensors = new Map([['a', f32(new Float32Array(300_000).fill(3))]])
  await writeTensors(join(folder, 'a'), tensors)
  await writeTensors(join(folder, 'b'), tensors, { notes: 'x'.repeat(2_500_000) })
  const [a, b] = [await hashModel(join(folder, 'a')), await hashModel(join(folder, 'b'))]
  expect(a.autoV3).toBe(b.autoV3)
  expect(a.autoV2).not.toBe(b.autoV2)
})

test('hashing ends when it is cancelled', async () => {
  const path = fixture('sd1-tiny', 'sd1-tiny.safetensors')
  await expect(hashModel(path, AbortSignal.abort())).rejects.toThrow('aborted')
  const later = new AbortController()
  const hashing = hashModel(path, later.signal)
  later.abort(new Error('enough'))
  await expect(hashing).rejects.toThrow('enough')
})
