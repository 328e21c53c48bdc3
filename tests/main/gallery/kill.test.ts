import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { afterAll, expect, test, vi } from 'vitest'
import { newData, opened } from './support.ts'

/** The trash is the real one, below a home of its own. */
const home = await vi.hoisted(async () => {
  const { mkdtemp } = await import('node:fs/promises')
  const folder = await mkdtemp('/tmp/cicerone-trash-')
  process.env.XDG_DATA_HOME = folder
  return folder
})
afterAll(() => rm(home, { recursive: true }))

const loop = join(import.meta.dirname, 'kill-loop.ts')
const rounds = 20

test('killed again and again while it adds and removes, loses nothing and leaves nothing half', async () => {
  const data = await newData()
  for (let round = 0; round < rounds; round++) {
    const child = spawn(process.execPath, [loop, data], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    await wait(Math.random() * 300)
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
    const db = new Sqlite(join(data, 'studio.sqlite'), { readonly: true })
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    expect(db.pragma('foreign_key_check')).toEqual([])
    db.close()
    // As the crash left it: every picture with a row lies on disk
    const before = await opened(data, 60_000, false)
    expect(await before.gallery.check()).toMatchObject({ missing: [], others: [] })
    expect(before.database.setAside).toBeUndefined()
    await before.close()
  }
  const after = await opened(data)
  await after.gallery.check({ fix: true })
  const report = await after.gallery.check()
  expect(report).toMatchObject({ missing: [], orphans: [], leftovers: [], others: [] })
  expect(report.pictures).toBeGreaterThan(rounds)
  // Every file is accounted for: in the gallery or in the trash, nowhere else
  const names = await readdir(join(data, 'pictures'), { recursive: true })
  expect(names.filter(name => name.includes('.'))).toHaveLength(report.pictures)
  expect((await readdir(join(home, 'Trash', 'files'))).length).toBeGreaterThan(0)
  expect(await after.database.removals.pending()).toEqual([])
}, 600_000)
