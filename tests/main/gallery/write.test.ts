import * as fs from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { parseParameters } from '../../../main/gallery/parameters.ts'
import { readPngText } from '../../../main/gallery/png.ts'
import { parseSettings } from '../../../main/gallery/settings.ts'
import { writeAtomically, writePicture } from '../../../main/gallery/write.ts'
import { UserError } from '../../../models/errors.ts'
import { full } from './examples.ts'

vi.mock('node:fs/promises', { spy: true })

const picture = { width: 4, height: 2, data: new Uint8Array(24).fill(200) }

let folder: string
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'cicerone-write-'))
})
afterEach(() => {
  vi.resetAllMocks()
})

const failure = async (path: string): Promise<UserError> => {
  const error = await writeAtomically(path, picture.data).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(UserError)
  return error as UserError
}

test('writes a picture with its settings twice over, in folders that it makes', async () => {
  const path = join(folder, 'a/b/c.png')
  await writePicture(path, picture, full)
  expect((await sharp(path).metadata()).width).toBe(4)
  const texts = await readPngText(path)
  expect([...texts.keys()]).toEqual(['parameters', 'cicerone'])
  expect(parseSettings(texts.get('cicerone') ?? '')).toEqual(full)
  expect(parseParameters(texts.get('parameters') ?? '').settings.prompt).toBe(full.prompt)
  expect(await fs.readdir(dirname(path))).toEqual(['c.png'])
})

test('writes the same bytes again', async () => {
  const [one, two] = [join(folder, 'one.png'), join(folder, 'two.png')]
  await writePicture(one, picture, full)
  await writePicture(two, picture, full)
  expect((await fs.readFile(one)).equals(await fs.readFile(two))).toBe(true)
})

test('replaces an older file at one blow, after syncing', async () => {
  const path = join(folder, 'a.png')
  await fs.writeFile(path, 'older')
  const held = await fs.open(path)
  await writeAtomically(path, Buffer.from('newer'))
  expect(await held.readFile('utf8')).toBe('older')
  await held.close()
  expect(await fs.readFile(path, 'utf8')).toBe('newer')
  expect(vi.mocked(fs.rename)).toHaveBeenCalledWith(expect.stringContaining(folder), path)
})

test('has its own time before it has its name: a kill in between leaves no picture of today', async () => {
  const modified = new Date(2021, 5, 1, 12)
  const { rename } = await vi.importActual<typeof fs>('node:fs/promises')
  const times: Date[] = []
  vi.mocked(fs.rename).mockImplementationOnce(async (from, to) => {
    times.push((await fs.stat(from)).mtime)
    return rename(from, to)
  })
  await writeAtomically(join(folder, 'a.png'), picture.data, modified)
  expect([...times, (await fs.stat(join(folder, 'a.png'))).mtime]).toEqual([modified, modified])
})

describe('refuses', () => {
  test('a folder, and what is written like one', async () => {
    expect((await failure(folder)).message).toBe(`${folder} is a folder.`)
    expect((await failure(`${folder}/new/`)).message).toContain('is a folder')
  })

  // a socket stands for all that is no file: were the rule broken, a device would be lost to the whole computer
  test.skipIf(process.platform === 'win32')('a device', async () => {
    const path = join(folder, 'socket')
    const server = createServer()
    await new Promise<void>(done => server.listen(path, done))
    expect((await failure(path)).message).toBe(`${path} is not a file that can be replaced.`)
    expect(await fs.readdir(folder)).toEqual(['socket'])
    server.close()
  })

  test.each(['file/b.png', 'file/b/c.png'])('a path through a file: %s', async path => {
    await fs.writeFile(join(folder, 'file'), '')
    expect((await failure(join(folder, path))).message).toContain('a part of the path is a file')
    expect(await fs.readdir(folder)).toEqual(['file'])
  })

  test('a name that is too long', async () => {
    expect((await failure(join(folder, `${'a'.repeat(300)}.png`))).message).toContain('the name is too long')
    expect(await fs.readdir(folder)).toEqual([])
  })

  test.each([
    ['open', 'EACCES', 'is not allowed'],
    ['mkdir', 'EROFS', 'the disk is read-only'],
    ['rename', 'EPERM', 'is not allowed'],
    ['rename', 'EISDIR', 'it is a folder'],
    ['rename', 'EIO', 'the system says EIO'],
  ] as const)('where %s fails with %s, and leaves nothing behind', async (call, code, message) => {
    // biome-ignore lint/performance/noDynamicNamespaceImportAccess: the table names the call
    vi.mocked(fs[call]).mockRejectedValueOnce(Object.assign(new Error(code), { code }))
    expect((await failure(join(folder, call === 'mkdir' ? 'new/a.png' : 'a.png'))).message).toContain(message)
    expect(await fs.readdir(folder)).toEqual([])
  })

  test('writes beside others to a folder that none of them found', async () => {
    const paths = Array.from({ length: 20 }, (_, i) => join(folder, 'a/b/c', `${i}.png`))
    await Promise.all(paths.map(path => writeAtomically(path, picture.data)))
    expect(await fs.readdir(join(folder, 'a/b/c'))).toHaveLength(20)
  })

  test.each(['writeFile', 'sync'] as const)('a full disk found by %s, and leaves the older file', async call => {
    const path = join(folder, 'a.png')
    await fs.writeFile(path, 'older')
    const { open } = await vi.importActual<typeof fs>('node:fs/promises')
    vi.mocked(fs.open).mockImplementationOnce(async (...args) => {
      const file = await open(...args)
      vi.spyOn(file, call).mockRejectedValue(Object.assign(new Error('full'), { code: 'ENOSPC' }))
      return file
    })
    const { message, hint } = await failure(path)
    expect(message).toBe(`The picture cannot be written to ${path}: the disk is full.`)
    expect(hint).toContain('Free some space')
    expect(await fs.readdir(folder)).toEqual(['a.png'])
    expect(await fs.readFile(path, 'utf8')).toBe('older')
  })

  test('to hide a fault of the program', async () => {
    vi.mocked(fs.rename).mockRejectedValueOnce(new TypeError('a fault'))
    await expect(writeAtomically(join(folder, 'a.png'), picture.data)).rejects.toThrow(TypeError)
    expect(await fs.readdir(folder)).toEqual([])
  })
})
