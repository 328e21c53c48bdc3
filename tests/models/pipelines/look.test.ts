import { describe, expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { asGuide } from '../../../models/checkpoint/as-guide.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { toOnnx } from '../../../models/graph/onnx/write.ts'
import { add } from '../../../models/graph/ops/add.ts'
import { mul } from '../../../models/graph/ops/mul.ts'
import { constant, input, scalar, type Value } from '../../../models/graph/value.ts'
import { guideKinds } from '../../../models/networks/guide/index.ts'
import { at, injected, type Parameters } from '../../../models/networks/parameters.ts'
import { assemble } from '../../../models/pipelines/assemble.ts'
import { generate } from '../../../models/pipelines/generate.ts'
import { type Guide, loadGuide } from '../../../models/pipelines/guide.ts'
import { watched } from '../../../models/pipelines/look/changes.ts'
import { openLook, type Seen } from '../../../models/pipelines/look/look.ts'
import { bins, type Change, effectOf, heatOf, strengthOf } from '../../../models/pipelines/look/measure.ts'
import type { GenerateSettings } from '../../../models/pipelines/settings.ts'
import { openSession } from '../../../models/runtime/session.ts'
import { Generator } from '../../../models/tensor/random.ts'
import { elements, f32 } from '../../../models/tensor/tensor.ts'

const none: Parameters = () => {
  throw new Error('there are no parameters')
}

/** What is seen of a change to one feature map of ones. */
async function seenOf(change: (value: Value) => Value, shape: readonly number[] = [1, 2, 8, 6]): Promise<Change[]> {
  const { inject, outputs, read } = watched((place, value) => (place === 'map' ? change(value) : value))
  const map = input('map', { shape, dtype: 'f32' })
  const result = at(injected(none, inject), 'map', map)
  const session = await openSession(toOnnx({ ...outputs(), result }))
  try {
    return read(await session.run({ map: f32(new Float32Array(elements(shape)).fill(1), shape) }))
  } finally {
    await session.release()
  }
}

/** A pattern over rows and columns, the same in both channels. */
const pattern = (of: (row: number, column: number) => number, [height, width] = [8, 6] as const): Value =>
  constant(
    f32(
      Float32Array.from({ length: height * width }, (_, i) => of(Math.floor(i / width), i % width)),
      [1, 1, height, width],
    ),
  )

const plus = (change: Value) => (value: Value) => add(value, change)

describe('what a guide changes', () => {
  it('is nothing where it adds nothing', async () => {
    const changes = await seenOf(plus(scalar(0)))
    expect(strengthOf(changes).strength).toBe(0)
    expect(strengthOf(changes).high).toBeNaN()
    expect(heatOf(changes)?.values.every(value => value === 0)).toBe(true)
  })

  it('has the strength 1 and a low frequency where it doubles an even map', async () => {
    const seen = strengthOf(await seenOf(value => add(value, value)))
    expect(seen.strength).toBeCloseTo(1, 6)
    expect(seen.high).toBeCloseTo(0, 6)
    expect(seen.spectrum[0]).toBeCloseTo(1, 6)
  })

  it('has a high frequency where it is a checkerboard', async () => {
    const seen = strengthOf(await seenOf(plus(pattern((row, column) => 0.5 * (-1) ** (row + column)))))
    expect(seen.strength).toBeCloseTo(0.5, 6)
    expect(seen.high).toBeCloseTo(1, 6)
    expect(seen.spectrum[bins - 1]).toBeCloseTo(1, 6)
  })

  it('is found at the frequency of a wave, along either side', async () => {
    // Two waves over eight rows: half the Nyquist frequency. One over six columns: a third of it.
    const down = strengthOf(await seenOf(plus(pattern(row => Math.cos((2 * Math.PI * 2 * row) / 8)))))
    expect(down.spectrum[4]).toBeCloseTo(1, 5)
    const across = strengthOf(await seenOf(plus(pattern((_, column) => Math.cos((2 * Math.PI * column) / 6)))))
    expect(across.spectrum[2]).toBeCloseTo(1, 5)
  })

  it('has the power that a transform in plain arithmetic gives', async () => {
    const values = new Generator(1).normals(30)
    const [change] = await seenOf(plus(constant(f32(values, [1, 1, 6, 5]))), [1, 1, 6, 5])
    const power = (row: number, column: number) => {
      let [real, imaginary] = [0, 0]
      for (const [i, value] of values.entries()) {
        const angle = 2 * Math.PI * ((row * Math.floor(i / 5)) / 6 + (column * (i % 5)) / 5)
        real += value * Math.cos(angle)
        imaginary += value * Math.sin(angle)
      }
      return (real ** 2 + imaginary ** 2) / 30
    }
    for (const [i, value] of (change?.map?.power ?? []).entries())
      expect(value).toBeCloseTo(power(Math.floor(i / 5), i % 5), 4)
    expect(change?.map?.power.length).toBe(30)
  })

  it('is hot where it is, also on maps of other sizes', async () => {
    const corner = await seenOf(plus(pattern((row, column) => (row < 4 && column < 3 ? 1 : 0))))
    const heat = heatOf([...corner, ...(await seenOf(plus(scalar(0)), [1, 2, 4, 3]))])
    expect(heat).toMatchObject({ height: 8, width: 6 })
    const values = [...(heat?.values ?? [])]
    expect(values.filter(value => value > 0.1).length).toBe(12)
    // The other map takes half of each cell's energy, as its cells are four times as large and have the same features.
    expect(values[0]).toBeCloseTo(Math.sqrt(1 / (1 + 1 / 4)), 5)
  })
})

describe('the effect of a guided prediction', () => {
  const [c, u] = [new Generator(1).normals(64), new Generator(2).normals(64)]
  const cfg = (w: number) => c.map((value, i) => (u[i] as number) + w * (value - (u[i] as number)))

  it('is w with no error where it is CFG by construction, and 1 where it is none', () => {
    expect(effectOf(cfg(4), c, u, 4).effective).toBeCloseTo(4, 5)
    expect(effectOf(cfg(4), c, u, 4).error).toBeCloseTo(0, 9)
    expect(effectOf(c, c, u, 4)).toEqual({ effective: 1, error: expect.closeTo(1, 6) })
    expect(effectOf(cfg(2.5), c, u, 4)).toEqual({ effective: expect.closeTo(2.5, 5), error: expect.closeTo(0.25, 5) })
  })
})

describe('a guide at work', () => {
  const settings: GenerateSettings = {
    ...{
      prompt: 'a big fox, yellow background',
      negative: '',
      method: 'guide',
      guidance: 4,
      sampler: 'ddim',
      schedule: 'auto',
    },
    ...{ steps: 2, seed: 3, count: 1, width: 128, height: 128, clipSkip: 1 },
  }

  async function look(change: (guide: Guide) => Guide) {
    const base = asBase(await describeModel(shipped.demo))
    const pipeline = await assemble(base, { merges: shipped.merges })
    const guide = change(await loadGuide(asGuide(await describeModel(shipped.guide)), base))
    const steps: Seen[] = []
    await using looking = await openLook(pipeline, guide, settings)
    const picture = await looking.paint(4, seen => steps.push(seen))
    await using closing = new AsyncDisposableStack()
    closing.defer(() => pipeline.sessions.release())
    for await (const plain of generate(pipeline, settings, { guide })) return { picture, plain, steps }
    throw new Error('no picture came')
  }

  it('is seen without being changed: between none and CFG, in every block of the way up', async () => {
    const { picture, plain, steps } = await look(guide => guide)
    expect(
      Math.max(...picture.pixels.map((value, i) => Math.abs(value - (plain.pixels[i] as number)))),
    ).toBeLessThanOrEqual(2)
    expect(steps.map(({ timestep }) => timestep)).toEqual(plain.trace.timesteps)
    for (const { blocks, all, effective, error } of steps) {
      expect([...blocks.keys()]).toEqual(['mid_block', 'up_blocks.0', 'up_blocks.1', 'up_blocks.2'])
      expect(all.strength).toBeGreaterThan(0.01)
      for (const { heat } of blocks.values()) expect(heat?.values.some(value => value > 0)).toBe(true)
      expect(effective).toBeGreaterThan(1.1)
      expect(effective).toBeLessThan(4)
      expect(error).toBeLessThan(1)
    }
  })

  it('does nothing where its last layers are zero: no strength, an effective guidance of 1', async () => {
    const { steps } = await look(guide => ({
      ...guide,
      parameters: (name, shape) =>
        guideKinds[guide.kind].isLast(name)
          ? mul(guide.parameters(name, shape), scalar(0))
          : guide.parameters(name, shape),
    }))
    for (const { all, effective, error } of steps) {
      expect(all.strength).toBe(0)
      expect(effective).toBeCloseTo(1, 6)
      expect(error).toBeCloseTo(1, 5)
    }
  })
})
