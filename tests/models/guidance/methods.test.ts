import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type MethodName, methodOf, methods, optionsOf } from '../../../models/guidance/index.ts'
import type { ChosenOptions, Passes } from '../../../models/guidance/method.ts'

const row = (...values: number[]) => Float32Array.from(values)

/** A network whose predictions are known, and which counts. */
function network(call: number) {
  const positive = row(call, 2 * call, -1)
  const negative = row(0.5, call, 1)
  const guided = row(9, 9, call)
  let count = 0
  const passes: Passes = {
    async positive() {
      count++
      return positive
    },
    async both() {
      count += 2
      return { negative, positive }
    },
    async guided(guidance) {
      count++
      return guided.map(value => value * guidance)
    },
  }
  return { passes, positive, negative, guided, count: () => count }
}

/** Predictions and passes of some calls at falling levels of noise. */
async function run(chosen: ChosenOptions & { method: MethodName }, calls: number, guidance = 4) {
  const predict = methodOf(chosen)
  const taken: number[] = []
  const predictions: Float32Array[] = []
  for (let index = 0; index < calls; index++) {
    const { passes, count } = network(index)
    predictions.push(await predict(passes, { guidance, index, sigma: calls - index }))
    taken.push(count())
  }
  return { taken, predictions }
}

const cfgOf = (call: number, w = 4) => {
  const { positive, negative } = network(call)
  return positive.map((value, i) => (negative[i] as number) + w * (value - (negative[i] as number)))
}

function deviation(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
}

/** rescale_noise_cfg of diffusers 0.42.1 for the network's calls 0 to 2 at w = 4 and a rescale of 0.7. */
const rescaledByDiffusers = [
  [-0.614485, 0.0, -2.867595],
  [1.172226, 2.344451, -3.282232],
  [3.225572, 4.962419, -3.473693],
]

describe('a guidance method', () => {
  it.each(Object.keys(methods) as MethodName[])('%s at w = 1 is the prompt alone, in one pass', async method => {
    const { taken, predictions } = await run({ method, refresh: 1 }, 4, 1)
    expect(taken).toEqual([1, 1, 1, 1])
    expect(predictions).toEqual([0, 1, 2, 3].map(call => network(call).positive))
  })

  it.each(['cfg', 'guide', 'interval', 'reuse'] as const)(
    '%s heeds a guidance scale of its own at each step',
    async method => {
      const predict = methodOf({ method, refresh: method === 'reuse' ? 1 : 0, interval: [0, 1000] })
      for (const [index, w] of [4, 2, 1, 7].entries()) {
        const { passes, guided, positive } = network(index)
        const made = await predict(passes, { guidance: w, index, sigma: 4 - index })
        const expected = w === 1 ? positive : method === 'guide' ? guided.map(value => value * w) : cfgOf(index, w)
        expect(made).toEqual(expected)
      }
    },
  )

  it('cfg takes two passes and combines them', async () => {
    const { taken, predictions } = await run({ method: 'cfg' }, 2)
    expect(taken).toEqual([2, 2])
    expect(predictions).toEqual([cfgOf(0), cfgOf(1)])
  })

  it('guide takes one pass of the guide, told the guidance', async () => {
    const { taken, predictions } = await run({ method: 'guide' }, 2)
    expect(taken).toEqual([1, 1])
    expect(predictions[1]).toEqual(row(36, 36, 4))
  })

  it('guide, refreshed every third call, is classifier-free guidance there', async () => {
    const { taken, predictions } = await run({ method: 'guide', refresh: 3 }, 7)
    expect(taken).toEqual([2, 1, 1, 2, 1, 1, 2])
    expect(predictions[3]).toEqual(cfgOf(3))
    expect(predictions[4]).toEqual(row(36, 36, 16))
  })

  it('interval guides above the lower level, up to the upper one', async () => {
    const { taken, predictions } = await run({ method: 'interval', interval: [2, 4] }, 6)
    // sigma is 6 5 4 3 2 1
    expect(taken).toEqual([1, 1, 2, 2, 1, 1])
    expect(predictions[2]).toEqual(cfgOf(2))
    expect(predictions[4]).toEqual(network(4).positive)
  })

  it('interval leaves out a state of noise alone unless the upper level is no bound', async () => {
    const { passes } = network(0)
    const call = { guidance: 4, index: 0, sigma: Number.POSITIVE_INFINITY }
    expect(await methodOf({ method: 'interval' })(passes, call)).toEqual(network(0).positive)
    expect(await methodOf({ method: 'interval', interval: [0, 999] })(passes, call)).toEqual(network(0).positive)
    expect(await methodOf({ method: 'interval', interval: [0, 1000] })(passes, call)).toEqual(cfgOf(0))
  })

  it('adaptive guides until the predictions agree, and never again', async () => {
    const predict = methodOf({ method: 'adaptive', agreement: 0.9 })
    const at = async (negative: Float32Array) => {
      let count = 0
      const positive = row(1, 0, 0)
      const passes: Passes = {
        async positive() {
          count++
          return positive
        },
        async both() {
          count += 2
          return { negative, positive }
        },
        guided: () => Promise.reject(new Error('no guide')),
      }
      await predict(passes, { guidance: 4, index: 0, sigma: 1 })
      return count
    }
    // Cosines 0, 0.89 and 0.91: the call that finds the agreement is still guided.
    expect(await at(row(0, 1, 0))).toBe(2)
    expect(await at(row(0.89, Math.sqrt(1 - 0.89 ** 2), 0))).toBe(2)
    expect(await at(row(0.91, Math.sqrt(1 - 0.91 ** 2), 0))).toBe(2)
    expect(await at(row(0, 1, 0))).toBe(1)
  })

  it.each(['cfg', 'interval', 'adaptive', 'reuse', 'guide'] as const)(
    '%s has the deviation of the prompt, where it is rescaled in full',
    async method => {
      const chosen = { refresh: 2, interval: [0, 9], agreement: 1 } as const
      const plain = await run({ ...chosen, method }, 4)
      const { taken, predictions } = await run({ ...chosen, method, rescale: 1 }, 4)
      expect(taken).toEqual(plain.taken)
      for (const [call, prediction] of predictions.entries()) {
        if (method === 'guide' && call % 2 === 1) expect(prediction).toEqual(plain.predictions[call])
        else expect(deviation(prediction)).toBeCloseTo(deviation(network(call).positive), 5)
      }
    },
  )

  it('is rescaled as diffusers does it', async () => {
    const { predictions } = await run({ method: 'cfg', rescale: 0.7 }, 3)
    for (const [i, want] of rescaledByDiffusers.entries())
      for (const [j, value] of want.entries()) expect(predictions[i]?.[j]).toBeCloseTo(value, 5)
  })

  it('reuse adds the stale difference to a fresh prediction', async () => {
    const { taken, predictions } = await run({ method: 'reuse', refresh: 2 }, 4)
    expect(taken).toEqual([2, 1, 2, 1])
    expect(predictions[2]).toEqual(cfgOf(2))
    const { positive, negative } = network(2)
    const stale = positive.map((value, i) => value - (negative[i] as number))
    expect(predictions[3]).toEqual(network(3).positive.map((value, i) => value + 3 * (stale[i] as number)))
  })

  it('starts each picture anew', async () => {
    for (const method of ['reuse', 'adaptive'] as const) {
      const [once, again] = [await run({ method }, 5), await run({ method }, 5)]
      expect(again).toEqual(once)
    }
  })

  it('reuse and a refreshed guide take 1 + 1/n passes', () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom('reuse', 'guide'),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 40 }),
        async (method, refresh, calls) => {
          const { taken } = await run({ method, refresh }, calls)
          const sum = taken.reduce((total, count) => total + count, 0)
          expect(sum).toBe(calls + Math.ceil(calls / refresh))
        },
      ),
    ))
})

describe("a method's options", () => {
  it('are those that it heeds, with what is usual filled in', () => {
    const all = { refresh: 3, interval: [1, 2], agreement: 0.5, rescale: 0.7 } as const
    const heeded = (Object.keys(methods) as MethodName[]).map(method => [method, optionsOf({ ...all, method })])
    expect(Object.fromEntries(heeded)).toEqual({
      guide: { refresh: 3, rescale: 0.7 },
      cfg: { rescale: 0.7 },
      none: {},
      interval: { interval: [1, 2], rescale: 0.7 },
      adaptive: { agreement: 0.5, rescale: 0.7 },
      reuse: { refresh: 3, rescale: 0.7 },
    })
    expect(optionsOf({ method: 'guide', rescale: 0.7 })).toEqual({})
    expect(optionsOf({ method: 'cfg', rescale: 0 })).toEqual({})
    expect(optionsOf({ method: 'reuse' })).toEqual({ refresh: 2 })
    expect(optionsOf({ method: 'reuse', refresh: 0 })).toEqual({ refresh: 0 })
  })
})
