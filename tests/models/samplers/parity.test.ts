import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { judged, largestError } from '../../parity/result.ts'
import { check } from '../../parity/schedulers.ts'

const recorded = join(import.meta.dirname, '../../fixtures/schedulers')
const more = join(import.meta.dirname, '../../fixtures/schedulers-more')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'schedulers-'))
  await cp(recorded, folder, { recursive: true })
})
afterAll(() => rm(folder, { recursive: true }))

test.each([
  ['', recorded, 430],
  [', from later starts and on other curves', more, 160],
])('timesteps, sigmas and every state are those of diffusers%s', async (_, from, count) => {
  const results = await check(from)
  expect(results.filter(({ status }) => status !== 'passed')).toEqual([])
  expect(results).toHaveLength(count)
})

test('a missing file, a wrong number and a missing tensor fail', async () => {
  await rm(join(folder, 'ddim.expected.safetensors'))
  const euler = join(folder, 'euler.expected.safetensors')
  const bytes = await readFile(euler)
  bytes.writeFloatLE(bytes.readFloatLE(bytes.length - 4) + 1, bytes.length - 4)
  await writeFile(euler, bytes)
  const renamed = join(folder, 'euler-a.expected.safetensors')
  const text = await readFile(renamed, 'latin1')
  await writeFile(renamed, text.replace('epsilon.leading.4.x', 'epsilon.leading.4.y'), 'latin1')

  const broken = (await check(folder)).filter(({ status }) => status === 'failed').map(({ name }) => name)
  expect(broken.filter(name => name.startsWith('ddim '))).toHaveLength(10)
  expect(broken.filter(name => !name.startsWith('ddim '))).toEqual([
    'euler v_prediction.trailing.8 x',
    'euler-a epsilon.leading.4',
  ])
})

test('neither numbers too many nor what is not a number can pass', () => {
  expect(largestError([1, 2, 3], [1, 2])).toBe(Infinity)
  expect(judged('x', largestError([1, Number.NaN], [1, 2]), 1).status).toBe('failed')
  expect(judged('x', largestError([1, 2.5], [1, 2]), 0.5)).toEqual({
    name: 'x',
    status: 'passed',
    largest: 0.5,
    tolerance: 0.5,
  })
})
