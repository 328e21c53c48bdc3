import { expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { assemble } from '../../../models/pipelines/assemble.ts'
import { resolveSettings } from '../../../models/pipelines/resolve.ts'
import { fixture } from '../../support/fixtures.ts'

const asked = { prompt: 'a cat', negative: '', method: 'cfg', guidance: 5, steps: 8, schedule: 'auto' } as const
const rest = { seed: 1, count: 1, clipSkip: 1 }
const open = async (path: string) => assemble(asBase(await describeModel(path)), { merges: shipped.merges })

it('takes what was left open from the base', async () => {
  const [folder, file] = [await open(shipped.demo), await open(fixture('sd1-tiny', 'sd1-tiny.safetensors'))]
  const own = { width: 128, height: 128, sampler: 'ddim', init: undefined, embeddings: [] }
  expect(await resolveSettings(folder, { ...asked, ...rest })).toEqual({ ...asked, ...rest, ...own })
  expect(await resolveSettings(file, { ...asked, ...rest })).toMatchObject({
    width: 512,
    height: 512,
    sampler: 'euler',
  })
  const chosen = { width: 64, height: 96, sampler: 'euler-a' } as const
  expect(await resolveSettings(folder, { ...asked, ...rest, ...chosen })).toMatchObject(chosen)
})

it('cuts the picture to start from to the size that is painted', async () => {
  const init = { path: fixture('pipelines', 'sd1-img2img-euler.init.png'), strength: 0.4 }
  const { init: read } = await resolveSettings(await open(shipped.demo), {
    ...asked,
    ...rest,
    init,
    width: 64,
    height: 72,
  })
  expect(read?.strength).toBe(0.4)
  expect(read?.pixels).toHaveLength(3 * 64 * 72)
  expect(Math.max(...(read?.pixels ?? []))).toBeLessThanOrEqual(1)
  expect(Math.min(...(read?.pixels ?? []))).toBeGreaterThanOrEqual(-1)
})
