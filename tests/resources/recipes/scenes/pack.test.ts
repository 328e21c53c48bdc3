import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, expect, test } from 'vitest'
import { loadArt, packages } from '../../../../resources/recipes/scenes/art.ts'
import { writePack } from '../../../../resources/recipes/scenes/pack.ts'
import { openScenes } from '../../../../resources/recipes/scenes/scenes.ts'
import { writeSheet } from '../../../../resources/recipes/scenes/sheet.ts'
import { things } from '../../../../resources/recipes/scenes/things.ts'
import { art } from './squares.ts'

const options = { size: 32, seed: 7, split: 'train' } as const
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scenes-'))
})

const pictureBytes = 3 * 32 * 32

test('a pack holds each picture, its line and what it was made of; scene i does not depend on the count', async () => {
  const paint = await openScenes(art, options)
  await writePack(join(folder, 'few'), paint, { ...options, count: 5, packages })
  await writePack(join(folder, 'many'), paint, { ...options, count: 150, packages })
  const [few, many] = await Promise.all(['few', 'many'].map(name => readFile(join(folder, name, 'pictures.u8'))))
  expect(many).toHaveLength(150 * pictureBytes)
  expect(many?.subarray(0, 5 * pictureBytes).equals(few as Buffer)).toBe(true)
  expect(many?.subarray(140 * pictureBytes, 141 * pictureBytes).equals(paint(140).picture)).toBe(true)
  const lines = (await readFile(join(folder, 'many/captions.jsonl'), 'utf8')).trimEnd().split('\n')
  expect(lines.map(line => JSON.parse(line))).toEqual(Array.from({ length: 150 }, (_, i) => paint(i).scene))
  const data = JSON.parse(await readFile(join(folder, 'many/data.json'), 'utf8'))
  expect(data).toMatchObject({ count: 150, width: 32, height: 32, channels: 3, seed: 7, split: 'train', packages })
})

test('a pack that is cut short does not look finished', async () => {
  const paint = await openScenes(art, options)
  const out = join(folder, 'cut')
  await writePack(out, paint, { ...options, count: 3, packages })
  const failing = (index: number) => {
    if (index === 70) throw new Error('cut')
    return paint(index)
  }
  await expect(writePack(out, failing, { ...options, count: 100, packages })).rejects.toThrow('cut')
  expect(existsSync(join(out, 'data.json'))).toBe(false)
})

test('the sheet shows every scene', async () => {
  const paint = await openScenes(art, options)
  const path = join(folder, 'sheet.png')
  await writeSheet(
    path,
    Array.from({ length: 10 }, (_, i) => paint(i)),
    32,
  )
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true })
  const left = info.width / 8
  const corner = Array.from(data.subarray(left * 3, left * 3 + 3))
  expect(info.channels).toBe(3)
  expect(corner).toEqual([0, 1, 2].map(c => paint(1).picture[c * 32 * 32]))
})

/** Packages as npm would unpack them, of one square each. */
async function unpack(root: string, names: readonly string[]): Promise<void> {
  for (const { name, version } of packages) {
    const home = join(root, 'node_modules', name)
    await mkdir(home, { recursive: true })
    await writeFile(join(home, 'package.json'), JSON.stringify({ version }))
    const icons = Object.fromEntries(names.slice(1).map(icon => [icon, { body: '<g/>', top: 2 }]))
    const aliases = { [names[0] as string]: { parent: names[1] } }
    await writeFile(join(home, 'icons.json'), JSON.stringify({ icons, aliases, width: 36 }))
  }
}

test('reads the drawings of all four sets, also under other names, and says which one lacks something', async () => {
  const whole = join(folder, 'whole')
  await unpack(whole, Object.keys(things))
  const loaded = await loadArt(whole)
  expect(loaded.map(({ style }) => style)).toEqual(['cartoon', 'glossy', 'flat', 'simple'])
  for (const { drawings } of loaded) {
    expect([...drawings.keys()]).toEqual(Object.values(things))
    expect(drawings.get('a cat')).toEqual({ body: '<g/>', box: [0, 2, 36, 16] })
  }
  const part = join(folder, 'part')
  await unpack(part, Object.keys(things).slice(0, -1))
  await expect(loadArt(part)).rejects.toThrow(/^@iconify-json\/\S+ has no drawing of eye\./)
})
