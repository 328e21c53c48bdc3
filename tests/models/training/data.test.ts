import { mkdir, readdir, writeFile } from 'node:fs/promises'
import sharp from 'sharp'
import { beforeAll, expect, it } from 'vitest'
import { makePack } from '../../../models/training/data/make-pack.ts'
import { openPack } from '../../../models/training/data/pack.ts'
import { scratch, writePack } from './support.ts'

const { at } = scratch()

async function picture(path: string, background: string, width = 40, height = 20): Promise<void> {
  await sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toFile(path)
}

beforeAll(async () => {
  await mkdir(at('loose'))
  await picture(at('loose', 'b.png'), '#ff0000')
  await picture(at('loose', 'a.png'), '#0000ff')
  await writeFile(at('loose', 'a.txt'), 'blue\n')
  await writeFile(at('loose', 'b.txt'), 'red')
})

it('packs pictures with captions beside them, and reads them by range', async () => {
  await makePack(at('loose'), at('packed'), 8)
  await using closing = new AsyncDisposableStack()
  const pack = await openPack(at('packed'), closing)
  expect(pack).toMatchObject({ count: 2, width: 8, height: 8, captions: ['blue', 'red'] })
  const pixels = await pack.pictures([1, 0])
  const mean = (from: number) => pixels.subarray(from, from + 64).reduce((sum, value) => sum + value, 0) / 64
  expect([0, 64, 128, 192, 256, 320].map(mean).map(Math.round)).toEqual([1, -1, -1, -1, -1, 1])
})

it('packs what captions.jsonl lists', async () => {
  await mkdir(at('listed', 'deep'), { recursive: true })
  await picture(at('listed', 'deep', 'c.png'), '#ffffff')
  await writeFile(at('listed', 'captions.jsonl'), '{"file_name":"deep/c.png","text":"white"}\n')
  await makePack(at('listed'), at('packed-list'), 8)
  await using closing = new AsyncDisposableStack()
  expect((await openPack(at('packed-list'), closing)).captions).toEqual(['white'])
  await picture(at('secret.png'), '#000000')
  await writeFile(at('listed', 'captions.jsonl'), '{"file":"../secret.png","caption":"no"}\n')
  await expect(makePack(at('listed'), at('x'), 8)).rejects.toThrow(
    /line 1 names \.\.\/secret\.png, which is not in the folder/,
  )
  await writeFile(at('listed', 'captions.jsonl'), '{"caption":"no"}\n')
  await expect(makePack(at('listed'), at('x'), 8)).rejects.toThrow(/line 1 does not name a picture and its caption/)
})

it('refuses a folder that cannot be trained on, in a sentence', async () => {
  await mkdir(at('none'))
  await expect(makePack(at('none'), at('x'), 8)).rejects.toThrow(/holds no pictures/)
  await mkdir(at('bare'))
  await picture(at('bare', 'a.png'), '#ffffff')
  await expect(makePack(at('bare'), at('x'), 8)).rejects.toThrow(/a\.png has no caption: there is no a\.txt/)
  await writeFile(at('bare', 'a.txt'), 'a')
  await writeFile(at('bare', 'a.png'), 'no picture')
  await expect(makePack(at('bare'), at('half'), 8)).rejects.toThrow(/cannot be read as a picture/)
  // Nothing that looks like a pack is left.
  expect(await readdir(at('half'))).toEqual([])
})

it('refuses a pack whose files do not agree', async () => {
  await using closing = new AsyncDisposableStack()
  const broken = async (name: string, text: string) => {
    await writePack(at('pack'))
    await writeFile(at('pack', name), text)
    return openPack(at('pack'), closing)
  }
  await expect(broken('pictures.u8', 'short')).rejects.toThrow(/has 5 bytes where 16 pictures of 16 x 16 take 12288/)
  await expect(broken('captions.jsonl', '{"caption":"one"}\n')).rejects.toThrow(/has 1 lines for 16 pictures/)
  await expect(broken('captions.jsonl', 'x\n'.repeat(16))).rejects.toThrow(/line 1 is no object with a caption/)
  await expect(broken('data.json', '{"count":16,"width":16}')).rejects.toThrow(/does not say height/)
  await expect(broken('data.json', '{"count":-1,"width":16,"height":16}')).rejects.toThrow(/does not say count/)
})
