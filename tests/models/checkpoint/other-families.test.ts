import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import type { BaseCheckpoint, NetworkPart } from '../../../models/checkpoint/checkpoint.ts'
import { textConfig } from '../../../models/checkpoint/config/text.ts'
import { unetConfig } from '../../../models/checkpoint/config/unet.ts'
import { vaeConfig } from '../../../models/checkpoint/config/vae.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { fixture } from '../../support/fixtures.ts'
import type { Headers } from './synthetic.ts'

/** Headers of the reference's SD 2 and SDXL folders: `[dtype, shape, hash of the bytes]` by key. */
interface Recorded extends Record<string, Headers | Record<string, Readonly<Record<string, unknown>>>> {
  readonly configs: Record<string, Readonly<Record<string, unknown>>>
}

// The block map is made from what the shapes show: three levels, one layer, levels without attention, several transformers.
describe.each(['sd2-tiny', 'sdxl-tiny'])('%s in one file', name => {
  const recorded = JSON.parse(readFileSync(fixture('headers', `${name}.json`), 'utf8')) as Recorded
  const path = fixture(name, `${name}.safetensors`)
  let base: BaseCheckpoint
  let parts: NetworkPart[]
  beforeAll(async () => {
    base = asBase(await describeModel(path))
    parts = [base.unet, base.vae, ...base.textEncoders]
  })

  test('every parameter has the name and the bytes that it has in the folder', () => {
    const file = readFileSync(path)
    const hash = (from: number, size: number) =>
      createHash('sha256')
        .update(file.subarray(from, from + size))
        .digest('hex')
        .slice(0, 8)
    for (const { name: component, table, transposed } of parts) {
      const expected = { ...(recorded[component] as Headers) }
      const got = new Map(
        [...table].map(([key, { shape, offset, bytes }]) => [key, ['F16', shape, hash(offset, bytes)]]),
      )
      for (const key of transposed ?? []) {
        expect(got.get(key)?.[1], key).toEqual(expected[key]?.[1].toReversed())
        delete (expected as Record<string, unknown>)[key]
        got.delete(key)
      }
      expect(Object.fromEntries(got)).toEqual(expected)
    }
  })

  test('a parameter is called in messages what the file calls it, and nothing is left over', () => {
    for (const { table, keyOf } of parts) for (const [key, entry] of table) expect(keyOf(key)).toBe(entry.key)
    expect(base.leftover).toEqual([])
    // SD 2.x does not use the last block, nor what follows it.
    const last = /^cond_stage_model\.model\.(?:transformer\.resblocks\.2\.|text_projection$)/
    const ignored = base.ignored.map(({ key }) => key)
    expect(ignored.filter(key => last.test(key))).toHaveLength(name === 'sd2-tiny' ? 13 : 0)
    const ballast = /(?:^alphas_cumprod|\.logit_scale|\.position_ids)$/
    expect(ignored.filter(key => !last.test(key) && !ballast.test(key))).toEqual([])
  })

  test('shapes alone give what config.json says', () => {
    const withConfig = (part: NetworkPart): NetworkPart => ({ ...part, config: recorded.configs[part.name]! })
    expect(unetConfig(base.unet)).toEqual(unetConfig(withConfig(base.unet)))
    expect(vaeConfig(base.vae)).toEqual(vaeConfig(withConfig(base.vae)))
    for (const text of base.textEncoders) expect(textConfig(text)).toEqual(textConfig(withConfig(text)))
  })
})
