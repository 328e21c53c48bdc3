import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { cicerone } from './cicerone.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cicerone-look-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('writes what a guide changes as pictures and tables', async () => {
  const out = join(folder, 'look')
  const { code, stdout } = await cicerone('inspect-guide', '--steps', '2', '--guidance', '2,8', '--out', out, '--json')
  expect(code).toBe(0)
  const { files, results } = JSON.parse(stdout)
  expect(files.length).toBe((await readdir(out)).length)
  const [two, eight] = results
  expect([two.guidance, eight.guidance]).toEqual([2, 8])
  expect(eight.steps[0].strength).toBeGreaterThan(two.steps[0].strength)
  const lines = async (name: string) => (await readFile(join(out, name), 'utf8')).trimEnd().split('\n')
  expect((await lines('effect.csv')).length).toBe(1 + 2 * 2)
  const blocks = await lines('blocks.csv')
  expect(blocks[0]).toBe('guidance,step,timestep,block,strength,high')
  expect(blocks.length).toBe(1 + 2 * 2 * 5)
  expect(await sharp(join(out, 'maps-w8.png')).metadata()).toMatchObject({ format: 'png', width: 296, height: 422 })
  for (const name of ['overview', 'strength', 'frequency'])
    expect((await sharp(join(out, `${name}.svg`)).metadata()).format).toBe('svg')
})

it.each([
  ['--guidance', '1'],
  ['--guidance', '2,x'],
  ['--steps', '0'],
  ['--seed', '-1'],
])('refuses %s %s', async (option, value) => {
  const { code, stderr } = await cicerone('inspect-guide', option, value, '--out', join(folder, 'none'))
  expect(code).toBe(2)
  expect(stderr).toContain(option)
})
