import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cicerone } from './cicerone.ts'

describe('cicerone doctor', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cicerone-doctor-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('finds everything in order', async () => {
    const { code, stdout } = await cicerone('doctor', '--data-dir', folder, '--json')
    const { checks, devices } = JSON.parse(stdout)
    expect(checks.map(({ name, ok }: { name: string; ok: boolean }) => [name, ok])).toEqual([
      ['data folder', true],
      ['demo model', true],
      ['device', true],
    ])
    expect(devices[0]).toMatchObject({ name: 'cpu', usable: true })
    expect(code).toBe(0)
  })

  it('says that the data folder cannot be used', async () => {
    await writeFile(join(folder, 'file'), '')
    const { code, stderr } = await cicerone('doctor', '--data-dir', join(folder, 'file'))
    expect(code).toBe(1)
    expect(stderr).toContain('The data folder does not work')
  })
})
