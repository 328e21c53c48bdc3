import { beforeAll, describe, expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { asGuide } from '../../../models/checkpoint/as-guide.ts'
import type { BaseCheckpoint } from '../../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { parameterCount } from '../../../models/checkpoint/summary.ts'
import type { GuideConfig } from '../../../models/networks/guide/kind.ts'
import { elements } from '../../../models/tensor/tensor.ts'
import { designGuide } from '../../../models/training/design-guide.ts'
import { fixture } from '../../support/fixtures.ts'
import { writeHollowSdxl } from '../../support/hollow-sdxl.ts'
import { scratch } from '../checkpoint/synthetic.ts'

const folder = scratch()
const kinds = ['lora1', 'tap1'] as const

/** Files of a base, from the smallest UNet to the largest. */
const bases = {
  'sd1-tiny': () => fixture('sd1-tiny', 'sd1-tiny.safetensors'),
  'sd2-tiny': () => fixture('sd2-tiny', 'sd2-tiny.safetensors'),
  'sdxl-tiny': () => fixture('sdxl-tiny', 'sdxl-tiny.safetensors'),
  demo: () => shipped.demo,
  SDXL: () => writeHollowSdxl(`${folder}/sdxl.safetensors`),
}

const count = ({ shapes }: GuideConfig) => [...shapes.values()].reduce((sum, shape) => sum + elements(shape), 0)

describe.each(Object.entries(bases))('%s', (_, path) => {
  let base: BaseCheckpoint
  beforeAll(async () => {
    base = asBase(await describeModel(await path()))
  })

  it.each(kinds)('a guide of the kind %s fills the share of parameters that it may have', kind => {
    const all = parameterCount([...base.unet.table.values()])
    const smallest = count(designGuide(kind, base, 0))
    // Each an eighth more than the one before. Below, four channels at one of tap1's sites are more than a step may be.
    for (let share = 0.003; share <= 0.2; share *= 1.125) {
      const parameters = count(designGuide(kind, base, share))
      if (smallest >= share * all) expect(parameters, `${share}`).toBe(smallest)
      else {
        expect(parameters, `${share}`).toBeLessThanOrEqual(share * all)
        if (smallest < 0.85 * share * all) expect(parameters, `${share}`).toBeGreaterThan(0.85 * share * all)
      }
    }
  })

  it.each(kinds)('a guide of the kind %s is designed alike each time', kind => {
    expect(designGuide(kind, base, 0.01)).toEqual(designGuide(kind, base, 0.01))
  })
})

it("makes the prototype's build of its size", async () => {
  const base = asBase(await describeModel(shipped.demo))
  const { shapes, modules } = designGuide('lora1', base, 0.0108)
  const prototype = asGuide(await describeModel(fixture('family', 'guide-lora1.safetensors'))).config
  expect(count({ shapes, modules })).toBe(92_170)
  const byLayer = (config: GuideConfig) =>
    new Map(
      [...config.shapes].map(([name, shape]) => [
        name.replace(/(?<=^[ABG][.])[0-9]+/, number => config.modules[Number(number)] as string),
        shape,
      ]),
    )
  expect(byLayer({ shapes, modules })).toEqual(byLayer(prototype))
})
