import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { assemble, type Pipeline } from '../../../models/pipelines/assemble.ts'
import { type Conditioning, condition, type Prompts } from '../../../models/pipelines/condition.ts'
import { weigh } from '../../../models/prompt/weighting.ts'
import { fixture } from '../../support/fixtures.ts'

const open = async (path: string) => assemble(asBase(await describeModel(path)), { merges: shipped.merges })
const tell = (pipeline: Pipeline, prompt: string, changed: Partial<Prompts> = {}) =>
  condition(pipeline, { prompt, guided: true, clipSkip: 1, ...changed })

/** Rows of the states from one position to another. */
const rows = ({ positive, width }: Conditioning, from: number, to: number) => positive.slice(from * width, to * width)

/** The mean of some rows. */
function meanOf(states: Float32Array, width: number, positions: readonly number[]): number[] {
  return Array.from({ length: width }, (_, column) => {
    const values = positions.map(position => states[position * width + column] as number)
    return values.reduce((sum, value) => sum + value, 0) / values.length
  })
}

function expectClose(got: ArrayLike<number> | undefined, wanted: ArrayLike<number>, atol = 1e-5): void {
  expect(got).toHaveLength(wanted.length)
  for (let i = 0; i < wanted.length; i++)
    expect(Math.abs((got?.[i] as number) - (wanted[i] as number))).toBeLessThan(atol)
}

const families = ['sd1-tiny', 'sd2-tiny', 'sdxl-tiny']

describe.each(families)('the prompt of %s', name => {
  let pipeline: Pipeline
  beforeAll(async () => {
    pipeline = await open(fixture(name, `${name}.safetensors`))
  })
  afterAll(() => pipeline.sessions.release())

  it('is weighed chunk by chunk and encoder by encoder, each with its own mean', async () => {
    const [plain, weighted] = [
      await tell(pipeline, 'red fox BREAK blue bird'),
      await tell(pipeline, 'red (fox:1.4) BREAK blue [bird]'),
    ]
    expect(weighted.tokens).toBe(2 * 77)
    let from = 0
    for (const { config } of pipeline.encoders) {
      for (const [chunk, weight] of [1.4, 1 / 1.1].entries()) {
        const own = (told: Conditioning) =>
          Float32Array.from(
            Array.from({ length: 77 }, (_, i) => {
              const at = (chunk * 77 + i) * told.width + from
              return [...told.positive.subarray(at, at + config.hiddenSize)]
            }).flat(),
          )
        const weights = Array.from({ length: 77 }, (_, position) => (position === 2 ? weight : 1))
        expectClose(own(weighted), weigh(own(plain), weights))
      }
      from += config.hiddenSize
    }
    expect(weighted.pooled?.positive).toEqual(plain.pooled?.positive)
  })

  it('is one chunk where the negative prompt is one, and is filled up where that is longer', async () => {
    const [alone, beside] = [
      await tell(pipeline, 'a cat', { negative: 'dog' }),
      await tell(pipeline, 'a cat', { negative: 'dog BREAK (fog:1.2)' }),
    ]
    expect([alone.tokens, beside.tokens]).toEqual([77, 154])
    expectClose(rows(beside, 0, 77), alone.positive)
    expectClose(rows(beside, 77, 154), (await tell(pipeline, '')).positive)
    expectClose(beside.means.positive, alone.means.positive)
    expectClose(beside.negative, (await tell(pipeline, 'dog BREAK (fog:1.2)')).positive)
  })

  it('tells a guide the mean of the weighted states over all chunks, up to the first end of each', async () => {
    const told = await tell(pipeline, 'red (fox:1.4) BREAK a blue (bird:0.5)')
    // Begin, two tokens and end; begin, three tokens and end.
    const positions = [0, 1, 2, 3, 77, 78, 79, 80, 81]
    expectClose(told.means.positive, meanOf(told.positive, told.width, positions))
    const plain = await tell(pipeline, 'red fox BREAK a blue bird')
    expect(told.means.positive).not.toEqual(plain.means.positive)
    const filled = await tell(pipeline, 'red (fox:1.4)', { negative: 'a BREAK b BREAK c' })
    expectClose(filled.means.positive, meanOf(filled.positive, filled.width, [0, 1, 2, 3]))
  })

  it('keeps all tokens of a long text, each with its weight', async () => {
    const words = (count: number, weight: string) => `(${'sea '.repeat(count)}:${weight})`
    const told = await tell(pipeline, words(100, '1.3'))
    expect(told.tokens).toBe(154)
    const plain = await tell(pipeline, 'sea '.repeat(100))
    const width = pipeline.encoders[0]?.config.hiddenSize as number
    const firstOf = (of: Conditioning) =>
      Float32Array.from(
        Array.from({ length: 77 }, (_, i) => [
          ...of.positive.subarray((77 + i) * of.width, (77 + i) * of.width + width),
        ]).flat(),
      )
    // 75 of the 100 stand in the first chunk.
    const weights = Array.from({ length: 77 }, (_, position) => (position >= 1 && position <= 25 ? 1.3 : 1))
    expectClose(firstOf(told), weigh(firstOf(plain), weights))
  })

  it('refuses weights that are out of all proportion', async () => {
    await expect(tell(pipeline, `(cat:${'9'.repeat(60)})`)).rejects.toThrow(
      'The weights in this prompt are out of all proportion.',
    )
  })
})
