import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import fc from 'fast-check'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { encodePng, readPngText } from '../../../main/gallery/png.ts'
import { UserError } from '../../../models/errors.ts'

const picture = { width: 7, height: 5, data: Uint8Array.from({ length: 7 * 5 * 3 }, (_, i) => (i * 37) % 256) }

let path: string
beforeAll(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'cicerone-png-')), 'a.png')
})

const read = async (bytes: Uint8Array): Promise<Map<string, string>> => {
  await writeFile(path, bytes)
  return readPngText(path)
}

function chunk(type: string, data: string | Buffer, checksum?: number): Buffer {
  const body = Buffer.concat([Buffer.from(type), Buffer.from(data)])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(body.length - 4)
  frame.writeUInt32BE(checksum ?? crc32(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}

const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
const header = chunk('IHDR', Buffer.alloc(13))
const png = (...chunks: Buffer[]): Buffer => Buffer.concat([signature, header, ...chunks, chunk('IEND', '')])

test('writes the pixels that it was given', async () => {
  const { data, info } = await sharp(await encodePng(picture, new Map([['a', 'b']])))
    .raw()
    .toBuffer({ resolveWithObject: true })
  expect([info.width, info.height, info.channels]).toEqual([7, 5, 3])
  expect(new Uint8Array(data)).toEqual(picture.data)
})

test('writes the same bytes again, and neither time nor program', async () => {
  const texts = new Map([['parameters', 'a cat']])
  const bytes = Buffer.from(await encodePng(picture, texts))
  expect(bytes.equals(await encodePng(picture, texts))).toBe(true)
  const types = bytes.toString('latin1').match(/tIME|tEXt|iTXt|zTXt|eXIf|Software/g)
  expect(types).toEqual(['tEXt'])
})

test('puts texts behind the header, Latin-1 as tEXt and the rest as iTXt', async () => {
  const bytes = Buffer.from(
    await encodePng(
      picture,
      new Map([
        ['a', 'café\n'],
        ['b', '猫 🐈'],
      ]),
    ),
  )
  const first = chunk('tEXt', Buffer.from('a\0café\n', 'latin1'))
  const second = chunk('iTXt', Buffer.concat([Buffer.from('b\0\0\0\0\0'), Buffer.from('猫 🐈')]))
  expect(bytes.indexOf(first)).toBe(33)
  expect(bytes.indexOf(second)).toBe(33 + first.length)
})

test('reads back every text that it writes', async () => {
  const keyword = fc.string({ unit: fc.constantFrom('a', 'B', ' ', 'é'), minLength: 1, maxLength: 79 })
  const text = fc.string({ unit: 'grapheme' }).map(value => value.replaceAll('\0', ''))
  await fc.assert(
    fc.asyncProperty(fc.dictionary(keyword, text, { maxKeys: 4 }), async values => {
      const texts = new Map(Object.entries(values))
      expect(await read(await encodePng(picture, texts))).toEqual(texts)
    }),
    { numRuns: 40 },
  )
})

test('replaces zero bytes, which a text may not hold', async () => {
  expect(await read(await encodePng(picture, new Map([['a', 'b\0c']])))).toEqual(new Map([['a', 'b\uFFFDc']]))
})

test('reads packed texts, and texts behind the picture', async () => {
  const texts = png(
    chunk('zTXt', Buffer.concat([Buffer.from('z\0\0'), deflateSync(Buffer.from('packed é', 'latin1'))])),
    chunk('IDAT', 'not looked at'),
    chunk('iTXt', Buffer.concat([Buffer.from('i\0\x01\0en\0Titel\0'), deflateSync(Buffer.from('gepackt 猫'))])),
    chunk('iTXt', Buffer.from('j\0\0\0de\0Titel\0offen 猫')),
    chunk('tEXt', 'a\0one'),
    chunk('tEXt', 'a\0two'),
  )
  expect(Object.fromEntries(await read(texts))).toEqual({ z: 'packed é', i: 'gepackt 猫', j: 'offen 猫', a: 'two' })
})

describe('bad files', () => {
  test.each([
    ['an empty file', Buffer.alloc(0)],
    ['a JPEG', Buffer.from('\xff\xd8\xff\xe0 and so on', 'latin1')],
    ['half a signature', signature.subarray(0, 5)],
  ])('%s is refused', async (_, bytes) => {
    await expect(read(bytes)).rejects.toThrow('is not a PNG picture')
  })

  test.each(['/nowhere/a.png', '/dev/zero', tmpdir()])('%s is refused', async place => {
    await expect(readPngText(place)).rejects.toThrow(UserError)
  })

  test('a file that was cut off gives what came before', async () => {
    const whole = png(chunk('tEXt', 'a\0b'), chunk('tEXt', 'c\0d'))
    expect(await read(whole.subarray(0, -20))).toEqual(new Map([['a', 'b']]))
  })

  test('a length beyond the end of the file ends the reading', async () => {
    const huge = chunk('tEXt', 'c\0d')
    huge.writeUInt32BE(0xffffffff)
    expect(await read(png(chunk('tEXt', 'a\0b'), huge))).toEqual(new Map([['a', 'b']]))
  })

  test('texts that are damaged are left out', async () => {
    const bytes = png(
      chunk('tEXt', 'a\0b', 1),
      chunk('zTXt', 'z\0\0not packed'),
      chunk('iTXt', 'i'),
      chunk('tEXt', ''),
      chunk('iTXt', Buffer.from('u\0\0\0\0\0\xff', 'latin1')),
    )
    expect(Object.fromEntries(await read(bytes))).toEqual({ u: '\uFFFD' })
  })

  test('a text that unpacks to more than the limit is refused', async () => {
    const bomb = Buffer.concat([Buffer.from('z\0\0'), deflateSync(Buffer.alloc(2 ** 24 + 1))])
    expect(bomb.length).toBeLessThan(20_000)
    await expect(read(png(chunk('zTXt', bomb)))).rejects.toThrow('bytes of text')
    const half = Buffer.concat([Buffer.from('z\0\0'), deflateSync(Buffer.alloc(2 ** 23))])
    expect((await read(png(chunk('zTXt', half), chunk('zTXt', half)))).size).toBe(1)
    await expect(read(png(chunk('zTXt', half), chunk('zTXt', half), chunk('tEXt', 'a\0b')))).rejects.toThrow(UserError)
  })

  test('damaged packed texts count for what they may have unpacked to', async () => {
    const damaged = Buffer.concat([Buffer.from('z\0\0'), deflateSync(Buffer.alloc(2 ** 23)).subarray(0, -4)])
    const bytes = png(...Array.from({ length: 3 }, () => chunk('zTXt', damaged)))
    await expect(read(bytes)).rejects.toThrow('bytes of text')
  })

  test('a plain text of more than the limit is refused', async () => {
    await expect(read(png(chunk('tEXt', Buffer.alloc(2 ** 24 + 1, 'a'))))).rejects.toThrow('bytes of text')
  })

  test('a file of very many chunks is refused', async () => {
    const bytes = Buffer.concat([signature, ...Array<Buffer>(65_537).fill(chunk('IDAT', ''))])
    await expect(read(bytes)).rejects.toThrow('65536 chunks')
  })

  test('any bytes behind the signature are read or refused, never fail otherwise', async () => {
    const kind = fc.constantFrom('tEXt', 'zTXt', 'iTXt', 'IDAT')
    const part = fc.tuple(kind, fc.uint8Array({ maxLength: 40 })).map(([type, data]) => chunk(type, Buffer.from(data)))
    const junk = fc.uint8Array({ maxLength: 60 }).map(data => Buffer.from(data))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(part, junk), { maxLength: 6 }), async parts => {
        expect(await read(Buffer.concat([signature, ...parts]))).toBeInstanceOf(Map)
      }),
    )
  })
})
