import { describe, expect, it } from 'vitest'
import { weigh } from '../../../models/prompt/weighting.ts'

const states = Float32Array.of(1, 2, 3, 4, 5, 6)
const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length

describe('weights of tokens', () => {
  it('multiply the states and leave their mean what it was', () => {
    const weighted = weigh(states, [1, 2, 0.5])
    expect(mean(weighted)).toBeCloseTo(mean(states), 6)
    const naive = [1, 2, 6, 8, 2.5, 3]
    const ratio = 21 / 22.5
    for (const [i, value] of naive.entries()) expect(weighted[i]).toBeCloseTo(value * ratio, 6)
  })

  it('lead away from the states of an empty prompt where ComfyUI is followed', () => {
    const empty = Float32Array.of(0, 1, 1, 1, 0, 0)
    expect([...weigh(states, [1, 2, 0.5], 'comfy', empty)]).toEqual([1, 2, 5, 7, 2.5, 3])
    expect(() => weigh(states, [1, 2, 0.5], 'comfy')).toThrow('the states of an empty prompt are missing')
  })

  it('change nothing at all where all are 1', () => {
    expect(weigh(states, [1, 1, 1])).toBe(states)
  })
})
