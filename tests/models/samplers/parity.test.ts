import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { judged, largestError } from '../../parity/result.ts'
import { check } from '../../parity/schedulers.ts'

const recorded = join(import.meta.dirname, '../../fixtures/schedulers')
const notYet = ['heun', 'lms', 'dpmpp-2m-sde', 'dpmpp-2m-sde-karras', 'dpmpp-sde', 'dpmpp-sde-karras']
const neverAsked = ['unipc', 'lcm', 'tcd']

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'schedulers-'))
  await cp(recorded, folder, { recursive: true })
})
afterAll(() => rm(folder, { recursive: true }))

test('timesteps, sigmas and every state are those of diffusers', async () => {
  const results = await check(recorded)
  expect(results.filter(({ status }) => status === 'failed')).toEqual([])
  expect(results.filter(({ status }) => status === 'passed')).toHaveLength(2 * 15 + 3 * 50)
  const skipped = results.filter(({ status }) => status === 'skipped').map(({ name }) => name.split(' ')[0])
  expect(new Set(skipped)).toEqual(new Set([...notYet, ...neverAsked]))
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
