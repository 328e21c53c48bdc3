import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { BaseCheckpoint, NetworkPart } from '../../../models/checkpoint/checkpoint.ts'
import { unetConfig } from '../../../models/checkpoint/config/unet.ts'
import { vaeConfig } from '../../../models/checkpoint/config/vae.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { fixture } from '../../support/fixtures.ts'
import { type Headers, scratch, writeHollow } from './synthetic.ts'

/** Headers of the reference's SD 2 and SDXL models: `[dtype, shape, hash of the bytes]` by key. */
interface Recorded {
  readonly single: Headers
  readonly unet: Headers
  readonly vae: Headers
  readonly text_encoder: Headers
  readonly configs: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

const folder = scratch()

// The block map is made from what the shapes show: three levels, one layer, levels without attention, several transformers.
describe.each(['sd2-tiny', 'sdxl-tiny'])('%s', name => {
  const recorded = JSON.parse(readFileSync(fixture('headers', `${name}.json`), 'utf8')) as Recorded
  const describeSingle = async () =>
    (await describeModel(await writeHollow(join(folder, name), recorded.single))) as BaseCheckpoint

  test('every key of the UNet and VAE gets the name that diffusers gives it', async () => {
    const base = await describeSingle()
    const pairs: [NetworkPart, Headers][] = [
      [base.unet, recorded.unet],
      [base.vae, recorded.vae],
    ]
    const [text] = base.textEncoders
    if (text) pairs.push([text, recorded.text_encoder])
    for (const [{ table, keyOf }, expected] of pairs) {
      const got = Object.fromEntries([...table].map(([key, entry]) => [key, recorded.single[entry.key]?.[2]]))
      expect(got).toEqual(Object.fromEntries(Object.entries(expected).map(([key, [, , hash]]) => [key, hash])))
      for (const [key, entry] of table) {
        expect([key, entry.shape]).toEqual([key, expected[key]?.[1]])
        expect(keyOf(key)).toBe(entry.key)
      }
    }
    const open = /^(?:cond_stage_model|conditioner\.embedders\.1)\.model\./
    expect(base.leftover.filter(({ key }) => !open.test(key))).toEqual([])
  })

  test('shapes alone give what config.json says', async () => {
    const base = await describeSingle()
    const { unet, vae } = recorded.configs
    const withConfig = (part: NetworkPart, config: typeof unet): NetworkPart => ({ ...part, config: config! })
    expect(unetConfig(base.unet)).toEqual(unetConfig(withConfig(base.unet, unet)))
    expect(vaeConfig(base.vae)).toEqual(vaeConfig(withConfig(base.vae, vae)))
  })
})
