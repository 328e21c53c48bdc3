import { describe, expect, it } from 'vitest'
import { methods } from '../../models/guidance/index.ts'
import { samplers } from '../../models/samplers/index.ts'
import { curves, spacings } from '../../models/samplers/schedule.ts'
import { generateRequest, methodNames, samplerNames, scheduleNames } from '../../preload/contract/generation.ts'

describe('a request for pictures', () => {
  it.each([
    [{ steps: -3 }, 'must be a whole number from 1 to 1000'],
    [{ steps: 2.5 }, 'must be a whole number from 1 to 1000'],
    [{ steps: Number.NaN }, 'must be a whole number from 1 to 1000'],
    [{ guidance: 31 }, 'must be a number from 0 to 30'],
    [{ guidance: Number.POSITIVE_INFINITY }, 'must be a number from 0 to 30'],
    [
      { sampler: 'magic' },
      'must be one of euler, euler-a, heun, lms, ddim, pndm, dpmpp-2m, dpmpp-sde, dpmpp-2m-sde, unipc, lcm, tcd',
    ],
    [{ method: 'guess' }, 'must be one of guide, cfg, none, interval, adaptive, reuse'],
    [{ schedule: 'x' }, 'must be one of auto, leading, linspace, trailing, karras, exponential, beta'],
    [{ prediction: 'x' }, 'must be one of epsilon, v'],
    [{ width: 100 }, 'must be a multiple of 8 from 64 to 4096'],
    [{ height: 32 }, 'must be a multiple of 8 from 64 to 4096'],
    [{ seed: -1 }, 'must be a whole number from 0 to 4294967295'],
    [{ seed: 2 ** 32 }, 'must be a whole number from 0 to 4294967295'],
    [{ count: 0 }, 'must be a whole number from 1 to 1000'],
    [{ clipSkip: 0 }, 'must be a whole number from 1 to 12'],
    [{ rescale: 1.5 }, 'must be a number from 0 to 1'],
    [{ strength: 2 }, 'must be a number from 0 to 1'],
  ])('%j is refused, and what is allowed is said', (wrong, sentence) => {
    const { error } = generateRequest.safeParse({ prompt: 'a cat', ...wrong })
    expect(error?.issues.map(({ message }) => message)).toEqual([sentence])
  })

  it('knows every method, sampler and schedule that there is', () => {
    expect([...methodNames].toSorted()).toEqual(Object.keys(methods).toSorted())
    expect([...samplerNames].toSorted()).toEqual(Object.keys(samplers).toSorted())
    expect([...scheduleNames]).toEqual(['auto', ...spacings, ...curves])
  })
})
