import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { painted } from '../gallery/painted.ts'
import { newData, opened } from '../gallery/support.ts'
import { cicerone } from './cicerone.ts'

test('searches, exports, imports and checks from the command line', async () => {
  const { gallery, data, close } = await opened()
  const a = await gallery.add(painted({ prompt: 'a red fox', seed: 1 }))
  await gallery.add(painted({ prompt: 'a blue fox', seed: 2 }))
  const path = await gallery.file(a.id)
  await close()
  const run = (...args: string[]) => cicerone('gallery', ...args, '--json', '--data-dir', data)

  const found = await run('search', 'fox seed:1')
  expect(JSON.parse(found.stdout)).toEqual({ total: 1, pictures: [{ ...a, path }] })
  const plain = await cicerone('gallery', 'search', '--limit', '1', '--data-dir', data)
  expect(plain.stdout.trim().split('\n')).toHaveLength(1)
  expect(plain.stderr).toContain('1 of 2; --limit shows more.')
  const wrong = await run('search', '--limit', 'many')
  expect([wrong.code, JSON.parse(wrong.stdout).error]).toEqual([2, '--limit: must be a whole number above 0.'])
  expect((await run('export', 'fox')).code).toBe(2)

  const target = join(await newData(), 'out')
  const exported = await run('export', 'red', '--out', target)
  expect(await readdir(target)).toHaveLength(1)
  expect(JSON.parse(exported.stdout).exported).toHaveLength(1)

  await rm(path ?? '')
  const check = await run('check')
  expect(check.code).toBe(1)
  expect(JSON.parse(check.stdout)).toMatchObject({ pictures: 2, missing: [path?.slice(data.length + 1)] })
  expect((await run('check', '--fix')).code).toBe(0)
  expect((await run('check')).code).toBe(0)

  const imported = await run('import', target)
  expect(JSON.parse(imported.stdout)).toEqual({ imported: 1, already: 0, failed: [], skipped: 0 })
  expect(JSON.parse((await run('search', 'red')).stdout)).toMatchObject({ total: 1, pictures: [{ seed: 1 }] })
  const nothing = await run('import', join(target, 'nothing'))
  expect(nothing.code).toBe(1)
  expect(JSON.parse(nothing.stdout).error).toContain('cannot be opened.')
})
