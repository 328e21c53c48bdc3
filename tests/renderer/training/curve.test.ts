import { describe, expect, test } from 'vitest'
import {
  apart,
  errorLines,
  errorTop,
  grown,
  nearest,
  pathOf,
  readingAt,
  stepEnd,
  stepsOf,
  ticksTo,
} from '../../../renderer/views/training/curve.ts'
import { inOrder, sampleRows } from '../../../renderer/views/training/samples.ts'

const detail = {
  curve: [
    { step: 10, loss: 0.9 },
    { step: 30, loss: 0.5 },
  ],
  errors: [
    { step: 20, errors: { '8': 0.91, '2': 0.8, '4': 0.85 } },
    { step: 40, errors: { '2': 0.6, '4': 0.7 } },
  ],
}

describe('the curve', () => {
  test('has one line for each guidance scale, the smallest first', () => {
    expect(errorLines(detail).map(({ scale, points }) => [scale, points.map(({ value }) => value)])).toEqual([
      ['2', [0.8, 0.6]],
      ['4', [0.85, 0.7]],
      ['8', [0.91]],
    ])
    expect(errorLines({ curve: [], errors: [] })).toEqual([])
  })

  test('tells what is known at a step, or was at the last before it', () => {
    expect(stepsOf(detail)).toEqual([10, 20, 30, 40])
    expect(readingAt(detail, 10)).toEqual({ step: 10, errors: {}, loss: 0.9 })
    expect(readingAt(detail, 30)).toEqual({ step: 30, errors: { '8': 0.91, '2': 0.8, '4': 0.85 }, loss: 0.5 })
    expect(readingAt(detail, 5)).toEqual({ step: 5, errors: {}, loss: null })
  })

  test('grows by what is told live, and by nothing that it already holds', () => {
    const told = (...steps: number[]) => steps.map(step => ({ step, loss: 0.1 }))
    expect(grown(detail.curve, told(29, 30, 31, 35)).map(({ step }) => step)).toEqual([10, 30, 31, 35])
    expect(grown([], told(1))).toEqual(told(1))
  })

  test('reaches from CFG to no guidance, and beyond where that is needed', () => {
    expect(errorTop(errorLines(detail))).toBe(1)
    expect(errorTop([])).toBe(1)
    expect(errorTop([{ scale: '4', points: [{ step: 1, value: 1.3 }] }])).toBe(1.5)
    // A hair above no guidance is no reason for another line.
    expect(errorTop([{ scale: '4', points: [{ step: 1, value: 1.003 }] }])).toBe(1)
  })

  test('is no sliver at the beginning of a long training', () => {
    expect([0, 5, 60, 149, 150, 600].map(last => stepEnd(600, last))).toEqual([18.75, 18.75, 150, 300, 600, 600])
    expect([stepEnd(0, 0), stepEnd(100, 130), stepEnd(3, 0)]).toEqual([1, 130, 3])
  })

  test('finds the step that is pointed at', () => {
    const steps = [10, 20, 40]
    expect([-5, 14, 16, 31, 900].map(at => nearest(steps, at))).toEqual([10, 10, 20, 40, 40])
    expect(nearest([], 3)).toBeUndefined()
  })

  test('stands on round numbers', () => {
    expect(ticksTo(1, 4, [2.5, 5, 10])).toEqual([0, 0.25, 0.5, 0.75, 1])
    expect(ticksTo(600, 6)).toEqual([0, 100, 200, 300, 400, 500, 600])
    expect(ticksTo(5000, 3)).toEqual([0, 2000, 4000])
    expect(ticksTo(3, 3)).toEqual([0, 1, 2, 3])
  })

  test('keeps labels apart, in their order and within the plot', () => {
    expect(apart([50, 52, 10], 16, 200)).toEqual([50, 66, 10])
    expect(apart([198, 199, 200], 16, 200)).toEqual([168, 184, 200])
    expect(apart([], 16, 200)).toEqual([])
  })

  test('is drawn from point to point', () => {
    expect(
      pathOf([
        [0, 1],
        [2.26, 3],
      ]),
    ).toBe('M0.0 1.0L2.3 3.0')
    expect(pathOf([])).toBe('')
  })
})

describe('samples', () => {
  const samples = [
    { step: 250, files: ['a250.png', 'b250.png'] },
    { step: 500, files: ['a500.png'] },
  ]
  const nothing = { curve: [], errors: [] }

  test('stand by prompt, from no guidance over the checkpoints to CFG', () => {
    const rows = sampleRows({ ...nothing, samples, none: ['an.png', 'bn.png'], cfg: ['ac.png'], prompts: ['a', 'b'] })
    expect(rows.map(row => [row.prompt, inOrder(row).map(({ label, file }) => `${label} ${file}`)])).toEqual([
      ['a', ['No guidance an.png', 'Step 250 a250.png', 'Step 500 a500.png', 'CFG ac.png']],
      ['b', ['No guidance bn.png', 'Step 250 b250.png']],
    ])
  })

  test('are what is there before CFG has painted, and none where there are none', () => {
    const [row] = sampleRows({ ...nothing, samples, none: [], cfg: [], prompts: [] })
    expect(row).toMatchObject({ prompt: '', none: null, cfg: null })
    expect(sampleRows({ ...nothing, samples: [], none: [], cfg: [], prompts: [] })).toEqual([])
  })
})
