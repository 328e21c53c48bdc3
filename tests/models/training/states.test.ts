import { appendFile, readFile, writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ddimJumps } from '../../../models/samplers/ddim.ts'
import { toX0 } from '../../../models/samplers/prediction.ts'
import { predictionTypes, Schedule, sd1Schedule } from '../../../models/samplers/schedule.ts'
import { move } from '../../../models/samplers/steps.ts'
import { Generator } from '../../../models/tensor/random.ts'
import { Order } from '../../../models/training/data/order.ts'
import { openMetrics, readMetrics } from '../../../models/training/run/metrics.ts'
import { apart } from '../../../models/training/states/apart.ts'
import { promptTable } from '../../../models/training/states/prompts.ts'
import { oneStep } from '../../../models/training/states/step-states.ts'
import { openStore } from '../../../models/training/states/store.ts'
import { scratch } from './support.ts'

const { at } = scratch()
const layout = { key: 'a', count: 5, fields: { x: 2, y: 1 } }

it('a store keeps whole records alone, and goes on behind them', async () => {
  await using first = new AsyncDisposableStack()
  const store = await openStore(at('store'), layout, first)
  await store.append({ x: Float32Array.of(1, 2, 3, 4), y: Float32Array.of(5, 6) })
  expect(store.written()).toBe(2)
  // Killed in the middle of the third record.
  await appendFile(at('store', 'x.f32'), Buffer.alloc(10))

  await using second = new AsyncDisposableStack()
  const again = await openStore(at('store'), layout, second)
  expect(again.written()).toBe(2)
  await again.append({ x: new Float32Array(20).fill(7), y: new Float32Array(10).fill(8) })
  expect(again.written()).toBe(5)
  expect([...(await again.read('x', [4, 1]))]).toEqual([7, 7, 3, 4])
  expect([...(await again.read('y', [0, 2]))]).toEqual([5, 8])

  await using third = new AsyncDisposableStack()
  const other = await openStore(at('store'), { ...layout, key: 'b' }, third)
  expect(other.written()).toBe(0)
})

it('measures states from all over those that are kept aside, and trains on none of these', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), fc.nat(1000), (count, asked) => {
      const number = Math.min(asked, count - 1)
      const { seen, held } = apart(count, number)
      expect(held).toHaveLength(number)
      expect(held.every((place, i) => place >= seen && place < count && place > (held[i - 1] ?? -1))).toBe(true)
      expect(seen).toBeGreaterThanOrEqual(Math.min(count - number, count * 0.87))
    }),
  )
  expect(apart(25_600, 512).held.slice(0, 3)).toEqual([22_528, 22_534, 22_540])
})

it('refuses states that the disk has no room for, before it writes any', async () => {
  await using closing = new AsyncDisposableStack()
  const huge = openStore(at('huge'), { ...layout, count: 1e15 }, closing)
  await expect(huge).rejects.toThrow(/^The states of this run take 12 PB, and .* are free/)
})

it('metrics behind a checkpoint are dropped, and a line that was cut short', async () => {
  const path = at('metrics.jsonl')
  await writeFile(path, '{"step":1,"loss":3}\n{"step":2,"loss":2}\n{"step":3,"loss":1}\n{"step":4,"lo')
  expect((await readMetrics(path)).map(({ step }) => step)).toEqual([1, 2, 3])
  await using closing = new AsyncDisposableStack()
  const metrics = await openMetrics(path, 2, closing)
  await metrics.add({ step: 3, loss: 0.5 })
  expect(await readFile(path, 'utf8')).toBe('{"step":1,"loss":3}\n{"step":2,"loss":2}\n{"step":3,"loss":0.5}\n')
})

it('an order has every example once in each round, in another order each time', () => {
  const rule = fc.property(fc.nat(), fc.integer({ min: 1, max: 200 }), (seed, count) => {
    const order = new Order(seed, count)
    const rounds = [0, 1].map(round => order.at(round * count, count))
    for (const round of rounds)
      expect(round.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i))
    if (count > 20) expect(rounds[0]).not.toEqual(rounds[1])
    expect(new Order(seed, count).at(count - 1, 2)).toEqual([rounds[0]?.at(-1), rounds[1]?.[0]])
  })
  fc.assert(rule)
})

it('one step with the target leads where the teacher was led by two, at every level and for every prediction', () => {
  for (const rescaleBetasZeroSnr of [false, true]) {
    const schedule = new Schedule({ ...sd1Schedule, rescaleBetasZeroSnr, spacing: 'trailing', setAlphaToOne: true })
    for (const jump of [...ddimJumps(schedule, 4), ...ddimJumps(schedule, 50)])
      for (const prediction of predictionTypes) {
        // Noise alone says nothing of x0 to a network that predicts noise: no target can lead elsewhere.
        if (prediction === 'epsilon' && jump.from.alpha === 0) continue
        const generator = new Generator(3)
        const [x, end] = [generator.normals(16), generator.normals(16)]
        const target = oneStep(jump, x, end, prediction)
        const reached = move(jump, x, toX0(target, x, jump.from, prediction))
        for (const [i, value] of end.entries()) expect(reached[i]).toBeCloseTo(value, 3)
      }
  }
})

it('prompts are paired with negative ones in about the share that is asked for', () => {
  const prompts = ['a red fox on a blue background', 'a big owl, green background', 'a small key in the center']
  const table = promptTable(prompts, { negatives: 0.25, seed: 1 })
  expect(table.texts[0]).toBe('')
  expect(table.texts).toContain('green background')
  const drawn = Array.from({ length: 2000 }, (_, i) => table.draw(i))
  expect(drawn.every(({ positive }) => prompts.includes(table.texts[positive] as string))).toBe(true)
  const share = drawn.filter(({ negative }) => negative !== 0).length / drawn.length
  expect(share).toBeGreaterThan(0.21)
  expect(share).toBeLessThan(0.29)
  expect(table.draw(7)).toEqual(promptTable(prompts, { negatives: 0.25, seed: 1 }).draw(7))
})
