import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import Sqlite from 'better-sqlite3'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { type Database, type DatabaseOptions, openDatabase } from '../../../main/database/database.ts'
import { hold } from '../../../main/database/hold.ts'
import { migrate } from '../../../main/database/migrate.ts'
import { UserError } from '../../../models/errors.ts'

const run = promisify(execFile)
const migrations = join(import.meta.dirname, '../../../resources/migrations')

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cicerone-database-'))
  file = join(folder, 'new', 'studio.sqlite')
})

const open = async (path = file, options: DatabaseOptions = {}): Promise<Database> => {
  const database = await openDatabase(path, options)
  onTestFinished(() => database.close())
  return database
}
const failure = async (promise: Promise<unknown>): Promise<UserError> => {
  const error = await promise.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(UserError)
  return error as UserError
}

test('keeps what it is given, and leaves one file when it is closed', async () => {
  const one = await open()
  await one.settings.set('panel', { width: 300, open: [true, null] })
  await one.settings.set('panel', { width: 320 })
  const last = one.settings.get('panel')
  await one.close()
  await one.close()
  expect(await last).toEqual({ width: 320 })
  await expect(one.settings.get('panel')).rejects.toThrow('The database is closed.')
  expect(await readdir(join(folder, 'new'))).toEqual(['studio.sqlite'])
  const two = await open()
  expect(await two.settings.get('panel')).toEqual({ width: 320 })
  expect(await two.settings.get('toString')).toBeUndefined()
  expect(two.setAside).toBeUndefined()
})

test('runs as CONVENTIONS says', async () => {
  await (await open()).close()
  const db = new Sqlite(file)
  expect(db.pragma('journal_mode', { simple: true })).toBe('wal')
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
  db.close()
})

test('a call that fails leaves nothing behind', async () => {
  const database = await open()
  const good = { file: 'a.png', size: 1, width: 1, height: 1, created: 1 }
  const bad = { ...good, file: 'b.png', size: null as unknown as number }
  await expect(database.pictures.add([good, bad])).rejects.toThrow('NOT NULL')
  expect(await database.pictures.known(['a.png'])).toEqual([])
})

test('brings an old file up to date and keeps a copy of how it was', () => {
  const path = join(folder, 'old.sqlite')
  const steps = ['CREATE TABLE a (x)', 'CREATE TABLE b (y)', 'ALTER TABLE a ADD COLUMN z']
  const db = new Sqlite(path)
  migrate(db, path, steps.slice(0, 1))
  db.exec("INSERT INTO a VALUES ('kept')")
  migrate(db, path, steps)
  migrate(db, path, steps)
  expect(db.prepare('SELECT * FROM a').all()).toEqual([{ x: 'kept', z: null }])
  db.close()
  return readdir(folder).then(names => {
    const backups = names.filter(name => name.startsWith('old.sqlite.before-3.'))
    expect(backups).toHaveLength(1)
    const backup = new Sqlite(join(folder, backups[0] ?? ''))
    expect(backup.prepare('SELECT * FROM a').all()).toEqual([{ x: 'kept' }])
    expect(backup.pragma('user_version', { simple: true })).toBe(1)
    backup.close()
  })
})

test('jobs of a studio that only painted are still there, and those that train stand beside them', async () => {
  const path = join(folder, 'studio.sqlite')
  const names = (await readdir(migrations)).filter(name => name.endsWith('.sql')).toSorted()
  const before = names.filter(name => name < '0005')
  const db = new Sqlite(path)
  migrate(db, path, await Promise.all(before.map(name => readFile(join(migrations, name), 'utf8'))))
  const request = { prompt: 'an owl', count: 2 }
  db.prepare("INSERT INTO jobs (state, position, request, done, created) VALUES ('queued', 7, ?, 1, 5)").run(
    JSON.stringify(request),
  )
  db.close()
  const { jobs } = await open(path)
  expect(await jobs.pending()).toMatchObject([{ kind: 'paint', state: 'queued', request, done: 1, created: 5 }])
  const train = await jobs.add({ kind: 'train', run: 'mine', name: 'Mine' })
  await jobs.update(train.id, { state: 'running' })
  await jobs.add({ kind: 'paint', request: request as never })
  expect((await jobs.pending()).map(({ kind }) => kind)).toEqual(['paint', 'paint', 'train'])
  expect(await jobs.trainings()).toMatchObject([{ kind: 'train', run: 'mine', name: 'Mine', state: 'running' }])
})

test.each([false, true])('many that begin a file at once (shared: %s) all get it', async shared => {
  for (let round = 0; round < 5; round++) {
    const path = join(folder, `${round}.sqlite`)
    const all = await Promise.all(Array.from({ length: 4 }, () => open(path, { shared })))
    await Promise.all(all.map((database, i) => database.settings.set(`key ${i}`, i)))
    expect(await all[0]?.settings.get('key 3')).toBe(3)
  }
})

test('a migration that another process has been through meanwhile is left out', () => {
  const path = join(folder, 'old.sqlite')
  const [one, two] = [new Sqlite(path), new Sqlite(path)]
  const steps = ['CREATE TABLE a (x)', 'CREATE TABLE b (y)']
  // Between the look at the version and the first migration
  const slow = Object.assign([...steps], {
    entries() {
      migrate(two, path, steps)
      return steps.entries()
    },
  })
  migrate(one, path, slow)
  expect(one.pragma('user_version', { simple: true })).toBe(2)
  one.close()
  two.close()
})

test('a database that a studio may be using is migrated by who holds it alone', async () => {
  const path = join(folder, 'studio.sqlite')
  const release = hold(path)
  expect(await failure(openDatabase(path, { shared: true }))).toMatchObject({
    message: 'A studio of an earlier version is using the data folder.',
    hint: 'Close it and try again.',
  })
  const db = new Sqlite(path)
  expect(db.pragma('user_version', { simple: true })).toBe(0)
  db.close()
  // The studio does it in the meantime
  const waiting = openDatabase(path, { shared: true })
  await open(path)
  await (await waiting).close()
  release?.()
})

test('what others write is told, what it writes itself is not', async () => {
  const studio = await open()
  let told = 0
  studio.onForeignWrite(() => told++)
  await studio.settings.set('own', 1)
  await new Promise(resolve => setTimeout(resolve, 1300))
  expect(told).toBe(0)
  const command = await open(file, { shared: true })
  await command.settings.set('foreign', 1)
  await expect.poll(() => told, { timeout: 5000 }).toBe(1)
  await new Promise(resolve => setTimeout(resolve, 1300))
  expect(told).toBe(1)
})

test('a migration that fails, or breaks what rows refer to, changes nothing', () => {
  const path = join(folder, 'old.sqlite')
  const db = new Sqlite(path)
  const start = [
    'CREATE TABLE a (x PRIMARY KEY); CREATE TABLE b (a REFERENCES a(x)); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)',
  ]
  migrate(db, path, start)
  expect(() => migrate(db, path, [...start, 'CREATE TABLE c (x); nonsense'])).toThrow('nonsense')
  expect(() => migrate(db, path, [...start, 'CREATE TABLE c (x); DELETE FROM a'])).toThrow('rows that refer to nothing')
  expect(db.pragma('user_version', { simple: true })).toBe(1)
  expect(db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all()).toEqual(['a', 'b'])
  expect(db.prepare('SELECT count(*) FROM a').pluck().get()).toBe(1)
  db.close()
})

test('a file of a later studio is refused and left as it is', async () => {
  await (await open()).close()
  const db = new Sqlite(file)
  db.pragma('user_version = 999')
  db.close()
  const before = await readFile(file)
  const error = await failure(openDatabase(file))
  expect(error.message).toBe(`${file} was written by a later version of Cicerone Studio.`)
  expect(error.hint).toBe('Update Cicerone Studio.')
  expect(await readFile(file)).toEqual(before)
})

/** A file as a crash leaves it, with its log, and damaged. */
async function damaged(what: string): Promise<{ crashed: string; bytes: Buffer }> {
  const one = await open()
  await one.pictures.add(
    Array.from({ length: 2000 }, (_, i) => ({ file: `${i}.png`, size: 1, width: 1, height: 1, created: i })),
  )
  const crashed = join(folder, 'studio.sqlite')
  const db = new Sqlite(file)
  db.pragma('wal_checkpoint(FULL)')
  await copyFile(file, crashed)
  await copyFile(`${file}-wal`, `${crashed}-wal`)
  db.close()
  const bytes = await readFile(crashed)
  if (what === 'all') bytes.fill('x')
  else bytes.fill(0xff, 4096 * 40, 4096 * 50)
  await writeFile(crashed, bytes)
  await writeFile(`${crashed}-wal`, '')
  return { crashed, bytes }
}

test.each(['all', 'a page in the middle'])('a damaged file (%s) is set aside after an unclean end', async what => {
  const { crashed, bytes } = await damaged(what)
  const two = await open(crashed)
  expect(two.setAside).toMatch(/studio\.sqlite\.damaged\./)
  expect(await readFile(two.setAside ?? '')).toEqual(bytes)
  expect(await two.pictures.known(['1.png'])).toEqual([])
})

test.each(['all', 'a page in the middle'])('a damaged file (%s) is left to the studio by everyone else', async what => {
  const { crashed, bytes } = await damaged(what)
  const look = async () => {
    const command = await open(crashed, { shared: true })
    await command.pictures.after(-1, 100_000).finally(command.close)
  }
  expect(await failure(look())).toMatchObject({
    message: `The database ${crashed} is damaged.`,
    hint: 'Start the studio anew: it puts the file aside and builds the gallery from the pictures.',
  })
  expect((await readdir(folder)).filter(name => name.includes('.damaged.'))).toEqual([])
  expect(await readFile(crashed)).toEqual(bytes)
  const studio = await open(crashed)
  expect(studio.setAside).toMatch(/studio\.sqlite\.damaged\./)
})

test('a file after an unclean end that is whole is used on', async () => {
  const one = await open()
  await one.settings.set('a', 1)
  const crashed = join(folder, 'studio.sqlite')
  await copyFile(file, crashed)
  await copyFile(`${file}-wal`, `${crashed}-wal`)
  const two = await open(crashed)
  expect(two.setAside).toBeUndefined()
  expect(await two.settings.get('a')).toBe(1)
})

test('a folder that cannot be made or opened is told in a sentence', async () => {
  const wall = join(folder, 'wall')
  await writeFile(wall, '')
  expect((await failure(openDatabase(join(wall, 'deep', 'studio.sqlite')))).message).toContain('cannot be made')
  // The file itself is a folder
  expect((await failure(openDatabase(folder))).message).toBe(
    `The database ${folder} cannot be used: it cannot be opened.`,
  )
})

test('another program that holds the file is told in a sentence', async () => {
  const database = await open()
  const other = new Sqlite(file)
  other.exec('BEGIN IMMEDIATE')
  const error = await failure(database.settings.set('a', 1))
  expect(error.message).toBe(`The database ${file} cannot be used: another program holds it.`)
  other.exec('COMMIT')
  other.close()
  await database.settings.set('a', 1)
})

const fillDisk = join(import.meta.dirname, 'fill-disk.ts')
/** Fills a database within what a shell allows; what it printed. */
async function filled(path: string, shell: string): Promise<{ count: number; message: string; hint: string }> {
  const { stdout } = await run('sh', ['-c', `${shell} exec "$0" "$@"`, process.execPath, fillDisk, path])
  return JSON.parse(stdout)
}

async function expectWhole(path: string, count: number): Promise<void> {
  expect(count).toBeGreaterThan(500)
  const database = await open(path)
  expect(database.setAside).toBeUndefined()
  expect(await database.pictures.after(-1, 100_000)).toHaveLength(count)
  await database.close()
}

test('a write that the system refuses is told in a sentence, and nothing that was rowed before is lost', async () => {
  // As large as a file may become, in blocks of 512 bytes
  const { count, message } = await filled(file, 'ulimit -f 3000;')
  expect(message).toBe(`The database ${file} cannot be used: the disk does not read or write as it should.`)
  await expectWhole(file, count)
})

test('a full disk is told in a sentence, and nothing that was rowed before is lost', async context => {
  const disk = join(folder, 'disk')
  await mkdir(disk)
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'cicerone-test', disk]).catch(() => undefined)
  if (!mounted) return context.skip('only an administrator may mount a small disk')
  try {
    const path = join(disk, 'studio.sqlite')
    const { count, ...error } = await filled(path, '')
    expect(error).toEqual({
      message: `The database ${path} cannot be used: the disk is full.`,
      hint: 'Free some space and try again.',
    })
    await mkdir(join(folder, 'new'))
    await copyFile(path, file)
    await copyFile(`${path}-wal`, `${file}-wal`)
    await expectWhole(file, count)
  } finally {
    await run('umount', [disk])
  }
})

test('where the copy before a migration cannot be written, the file stays as it was', async () => {
  const path = join(folder, 'old.sqlite')
  const db = new Sqlite(path)
  migrate(db, path, ['CREATE TABLE a (x)'])
  const elsewhere = join(folder, 'nowhere', 'old.sqlite')
  expect(() => migrate(db, elsewhere, ['CREATE TABLE a (x)', 'CREATE TABLE b (x)'])).toThrow('unable to open')
  expect(db.pragma('user_version', { simple: true })).toBe(1)
  expect(await readdir(folder)).toEqual(['old.sqlite'])
  db.close()
})
