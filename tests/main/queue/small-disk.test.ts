import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { fixture } from '../../support/fixtures.ts'
import { temporaryFolder } from '../studio.ts'

/** A file system of its own, which only Linux gives to everyone, in a namespace that ends with the process. */
const mounted = (folder: string, then: string): string[] => [
  ...['-rm', 'sh', '-c', `mount -t tmpfs -o size=3m none "$0" && ${then}`, folder],
]
function canMount(): boolean {
  try {
    execFileSync('unshare', mounted('/mnt', 'true'), { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

it.runIf(canMount())('keeps to a disk that is full, too small or read-only, and loses nothing', async () => {
  const folder = await temporaryFolder()
  const script = join(import.meta.dirname, 'small-disk.ts')
  const args = [
    ...mounted(folder, '"$1" "$2" "$0" "$3"'),
    process.execPath,
    script,
    fixture('sd1-tiny', 'sd1-tiny.safetensors'),
  ]
  const { stdout } = await promisify(execFile)('unshare', args)
  const { before, full, whileFull, after, fuller, last, copied, uploaded, left, readOnly, parts } = JSON.parse(stdout)
  expect(before).toBe(1)
  expect(full.waiting).toMatch(/the disk is full/)
  expect(full.jobs).toMatchObject([
    { state: 'queued', request: { seed: 3 } },
    {
      state: 'failed',
      error: { message: expect.stringMatching(/the disk is full/), hint: expect.stringMatching(/Free some space/) },
    },
  ])
  expect(whileFull).toBe(1)
  expect(after).toBe(3)
  expect(fuller.waiting).toMatch(/the disk is full/)
  expect(fuller.jobs).toMatchObject([{ request: { seed: 4 } }])
  expect(last).toBe(4)
  expect(copied.message).toMatch(/^There is too little space for this model: it takes 19 MB, and \d+ .B are free\.$/)
  expect(uploaded.message).toMatch(/the disk is full/)
  expect(left).toEqual(['bases'])
  expect(readOnly).toEqual({
    message: `The data folder ${folder} cannot be used: the disk is read-only.`,
    hint: 'Choose another data folder with --data-dir.',
  })
  expect(parts).toEqual([])
})
