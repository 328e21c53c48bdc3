import { describe, expect, it } from 'vitest'
import type { Ask } from '../../../models/evaluation/states/ask.ts'
import { lookAtStates } from '../../../models/evaluation/states/look.ts'
import { NearnessSums } from '../../../models/evaluation/states/nearness.ts'
import { negativeShare } from '../../../models/evaluation/states/negatives.ts'
import { follow, type Journey } from '../../../models/evaluation/states/ways.ts'
import { GuidanceError, guidanceEnergy } from '../../../models/guidance/error.ts'
import { ddimJumps } from '../../../models/samplers/ddim.ts'
import { Schedule, sd1Schedule } from '../../../models/samplers/schedule.ts'

const size = 8
const w = 4

/** A base whose prediction follows from the state, the timestep and the text, and a guide that makes `share` of CFG. */
function network(share: number): Ask {
  const said = (samples: Float32Array, texts: readonly number[], timestep: number) =>
    samples.map(
      (value, i) => 0.3 * value + Math.sin(i + (texts[Math.floor(i / size)] as number) * 2 + timestep / 300) / 3,
    )
  const both: Ask['both'] = async (samples, asked, timestep) => ({
    positive: said(
      samples,
      asked.map(({ positive }) => positive),
      timestep,
    ),
    negative: said(
      samples,
      asked.map(({ negative }) => negative),
      timestep,
    ),
  })
  return {
    both,
    async guided(samples, asked, timestep, scale) {
      const { positive, negative } = await both(samples, asked, timestep)
      return positive.map((c, i) => c + share * (scale - 1) * (c - (negative[i] as number)))
    },
  }
}

const journey = (ask: Ask): Journey => ({
  ...{ ask, size, w, prediction: 'v_prediction' },
  jumps: ddimJumps(new Schedule({ ...sd1Schedule, spacing: 'trailing' }), 10),
  asked: [1, 2, 3].map(positive => ({ positive, negative: 0 })),
})

describe('the guidance error', () => {
  it('is 0 for CFG, 1 for no guidance, 1/4 for half of it', async () => {
    for (const [share, error] of [
      [1, 0],
      [0, 1],
      [0.5, 0.25],
      [-1, 4],
    ] as const) {
      const rows = await lookAtStates(journey(network(share)), { seed: 1, trainTimesteps: 1000 })
      expect(rows.map(({ kind }) => kind)).toEqual(['noised', 'teacher', 'guide'].flatMap(kind => Array(5).fill(kind)))
      for (const row of rows) {
        expect(row.error).toBeCloseTo(error, 5)
        expect(row.effectiveGuidance).toBeCloseTo(1 + share * (w - 1), 4)
        expect(row.cosine).toBeCloseTo(Math.sign(share), 5)
        expect(row.states).toBe(6)
      }
    }
  })

  it('is the same from sums over states as from means', () => {
    const error = new GuidanceError()
    const [positive, negative] = [Float32Array.of(1, 2), Float32Array.of(0, 4)]
    expect(guidanceEnergy(positive, negative, 3)).toBe(10)
    error.add(5, guidanceEnergy(positive, negative, 3))
    expect(error.value).toBe(0.5)
  })

  it('is nothing where prompt and negative prompt are the same', () => {
    const sums = new NearnessSums()
    const same = Float32Array.of(1, 2)
    sums.add({ positive: same, negative: same, guided: same }, w)
    expect(sums.value).toBeUndefined()
  })
})

describe('ways', () => {
  it('that CFG goes are those of a guide that is CFG by construction', async () => {
    const own = journey(network(1))
    const noise = Float32Array.from({ length: 3 * size }, (_, i) => Math.cos(i))
    const [cfg, guide] = [await follow(own, noise, 'cfg'), await follow(own, noise, 'guide')]
    for (const [i, value] of cfg.entries()) expect(guide[i]).toBeCloseTo(value, 5)
  })

  it('without guidance are those of a guide that does nothing, watched or not', async () => {
    const own = journey(network(0))
    const noise = Float32Array.from({ length: 3 * size }, (_, i) => Math.cos(i))
    const [none, guide] = [await follow(own, noise, 'none'), await follow(own, noise, 'guide')]
    expect(guide).toEqual(none)
    expect(await follow(own, noise, 'none', () => {})).toEqual(none)
    expect(await follow(own, noise, 'cfg')).not.toEqual(none)
  })
})

describe('negative prompts', () => {
  it('act as much as in CFG where the guide is CFG, not at all where it does nothing', async () => {
    for (const share of [1, 0, 0.5])
      expect(await negativeShare(journey(network(share)), [4, 5, 6], 0)).toBeCloseTo(share, 4)
    expect(await negativeShare(journey(network(1)), [0, 0, 0], 0)).toBeUndefined()
  })
})
