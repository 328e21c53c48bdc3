import { expect, it } from 'vitest'
import { adamw } from '../../../models/training/optimize/adamw.ts'
import { emaDecay, moveMean } from '../../../models/training/optimize/ema.ts'
import { clipScale, gradientNorm } from '../../../models/training/optimize/gradient-norm.ts'
import { learningRateAt } from '../../../models/training/optimize/learning-rate.ts'

/**
 * Recorded from torch 2.13: AdamW(lr 0.01, betas (0.9, 0.99), eps 1e-8, weight_decay 0.1), clip_grad_norm_ 1.0, the lambda of
 * transformers' get_cosine_schedule_with_warmup(2, 6), and the decay of diffusers' EMAModel at most 0.998.
 */
const gradients = [
  [0.1, -0.2, 3, 0],
  [1, 0.5, -4, 1e-5],
  [-0.3, 0.2, 0.1, -1e-4],
  [0, 0, 0.7, 2e-3],
  [0.25, -0.75, -0.5, 0.5],
  [5, 1, -1, -0.25],
]
const recorded = [
  [3.008321762084961, 0, [0.5, -1.25, 2, 0.003000000026077032], [0.5, -1.25, 2, 0.0029999997932463884]],
  [
    4.153311729431152,
    0.005,
    [0.49561524391174316, -1.2510114908218384, 1.999176025390625, -0.0006921754684299231],
    [0.4964124858379364, -1.2508275508880615, 1.9993258714675903, -2.087088068947196e-5],
  ],
  [
    0.37416577339172363,
    0.01,
    [0.4960501194000244, -1.2564417123794556, 1.9969879388809204, 0.0055272565223276615],
    [0.496140718460083, -1.2550382614135742, 1.997572422027588, 0.004140224773436785],
  ],
  [
    0.7000028491020203,
    0.008535533905932738,
    [0.4962787926197052, -1.2600512504577637, 1.9929271936416626, 0.000818468164652586],
    [0.49623632431030273, -1.2585088014602661, 1.994356632232666, 0.0018405471928417683],
  ],
  [
    1.0606601238250732,
    0.005,
    [0.494885116815567, -1.2576076984405518, 1.9916075468063354, -0.0018947934731841087],
    [0.4953676760196686, -1.2579295635223389, 1.9925893545150757, -0.0005607431521639228],
  ],
  [
    5.202163219451904,
    0.0014644660940672626,
    [0.4940048158168793, -1.2571686506271362, 1.9913250207901, -0.002500267932191491],
    [0.4945499897003174, -1.257473111152649, 1.991830825805664, -0.0017244580667465925],
  ],
] as const

it('steps as torch does: clipping, AdamW, warm-up and cosine, running mean', () => {
  const weights = Float32Array.of(0.5, -1.25, 2, 0.003)
  const mean = weights.slice()
  const moments = { mean: new Float32Array(4), square: new Float32Array(4) }
  for (const [i, [norm, rate, after, meanAfter]] of recorded.entries()) {
    const gradient = Float32Array.from(gradients[i] as number[])
    const length = gradientNorm([gradient.subarray(0, 1), gradient.subarray(1)])
    expect(length).toBeCloseTo(norm, 6)
    const learningRate = learningRateAt(i, { learningRate: 0.01, steps: 6, warmup: 2, cosine: 1 })
    expect(learningRate).toBeCloseTo(rate, 15)
    const settings = { learningRate, betas: [0.9, 0.99] as const, eps: 1e-8, weightDecay: 0.1 }
    adamw(weights, gradient, moments, i + 1, clipScale(length, 1), settings)
    moveMean(mean, weights, emaDecay(0.998, i + 1))
    for (const [k, value] of after.entries()) expect(weights[k]).toBeCloseTo(value, 6)
    for (const [k, value] of meanAfter.entries()) expect(mean[k]).toBeCloseTo(value, 6)
  }
})

it('keeps the learning rate until the last share of the steps', () => {
  const rates = Array.from({ length: 10 }, (_, step) =>
    learningRateAt(step, { learningRate: 1, steps: 10, warmup: 2, cosine: 0.5 }),
  )
  expect(rates.slice(0, 6)).toEqual([0, 0.5, 1, 1, 1, 1])
  for (const [i, rate] of rates.slice(6).entries())
    expect(rate).toBeCloseTo(0.5 * (1 + Math.cos((Math.PI * (i + 1)) / 5)), 12)
  expect(learningRateAt(3, { learningRate: 1, steps: 10, warmup: 0, cosine: 0 })).toBe(1)
})

it('forgets the first weights soon, and follows slowly in the end', () => {
  expect(emaDecay(0.998, 1)).toBe(0)
  expect(emaDecay(0.998, 11)).toBe(0.55)
  expect(emaDecay(0.998, 1_000_000)).toBe(0.998)
})
