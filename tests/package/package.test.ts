import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { extractFile, listPackage } from '@electron/asar'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sentinel, standIn } from './stand-in.ts'

const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)
const mebibyte = 2 ** 20

/** Of Linux only: elsewhere Electron is laid out differently, and the hosted workflow packs with the real one. */
describe.runIf(process.platform === 'linux')('the packed studio', { timeout: 300_000 }, () => {
  let folder: string
  let program: string
  let resources: string
  let unpacked: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cicerone-package-'))
    standIn(join(folder, 'electron'))
    const to = `-c.directories.output=${join(folder, 'release')}`
    const flags = ['--linux', 'dir', `-c.electronDist=${join(folder, 'electron')}`, to]
    // No network is needed.
    const env = { ...process.env, HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9' }
    await run('npm', ['run', 'package', '--', ...flags], { cwd: root, env, maxBuffer: 2 ** 26 })
    const [name = ''] = (await readdir(join(folder, 'release'))).filter(each => each.endsWith('unpacked'))
    program = join(folder, 'release', name)
    resources = join(program, 'resources')
    unpacked = join(resources, 'app.asar.unpacked')
  }, 300_000)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('has its entry, preload script and window in the archive, and beside it what plain Node reads', async () => {
    const archive = join(resources, 'app.asar')
    expect(JSON.parse(extractFile(archive, 'package.json').toString()).main).toBe('entry.js')
    expect(listPackage(archive, { isPack: false })).toEqual(
      expect.arrayContaining(['/entry.js', '/preload/bridge.cjs', '/window/index.html']),
    )
    expect((await stat(archive)).size).toBeLessThan(10 * mebibyte)
    expect((await readdir(unpacked)).toSorted()).toEqual(['node_modules', 'studio'])
    const { mode } = await stat(join(unpacked, 'node_modules/node/bin/node'))
    expect(mode & 0o111).toBe(0o111)
  })

  it('has its fuses set', () => {
    const binary = readFileSync(join(program, 'cicerone-studio'))
    const at = binary.indexOf(sentinel) + sentinel.length + 2
    // No plain Node, cookies encrypted, no NODE_OPTIONS, no --inspect, archive checked, and only the archive
    expect(binary.subarray(at, at + 6).toString()).toBe('010011')
    expect(binary.subarray(at + 7, at + 8).toString()).toBe('0')
  })

  it('paints with its own engine under its own node, and needs nothing of the checkout', async () => {
    const node = join(unpacked, 'node_modules/node/bin/node')
    const { stdout } = await run(node, [join(import.meta.dirname, 'paint.ts'), resources], { cwd: folder })
    const found = JSON.parse(stdout)
    expect(found).toMatchObject({ png: 'PNG', window: true })
    expect(found.natives.length).toBeGreaterThan(4)
    expect(found.natives.filter((file: string) => !file.startsWith(unpacked))).toEqual([])
    expect(await readFile(join(found.data, 'studio.log'), 'utf8')).toBe('')
    await rm(found.data, { recursive: true })
  })

  it('has what trains beside it, whole', async () => {
    const node = join(unpacked, 'node_modules/node/bin/node')
    // Without a studio there is nothing to do: it loads all that it needs, and ends.
    await run(node, [join(unpacked, 'studio/models/trainer/process.js')], { cwd: folder })
  })

  it('is no larger than it has to be', async () => {
    const files = await readdir(unpacked, { recursive: true, withFileTypes: true })
    const sizes = await Promise.all(
      files.filter(file => file.isFile()).map(async file => (await stat(join(file.parentPath, file.name))).size),
    )
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(260 * mebibyte)
  })
})
