import { expect, it } from 'vitest'
import { curveOf, errorsOf } from '../../../main/training/detail.ts'
import { estimateFrom } from '../../../main/training/estimate.ts'
import { guideRecipe } from '../../../main/training/recipe.ts'
import { qualityNames } from '../../../preload/contract/training.ts'
import { refusal } from '../studio.ts'
import { openWithBase } from './support.ts'

it('is measured on the base; a second one takes the place of the first, and it can be given up', async () => {
  const app = await openWithBase()
  const { training } = app.services
  const first = refusal(training.estimate({ base: app.base }))
  const second = training.estimate({ base: app.base })
  expect((await first).message).toBe('Another estimate was asked for.')
  const estimate = await second
  expect(estimate.examples).toBe(32)
  expect(estimate.secondsPerStep).toBeGreaterThan(0)
  expect(estimate.memory).toBeGreaterThan(50)
  const { quick, good, best } = estimate.qualities
  expect([quick?.steps, good?.steps, best?.steps]).toEqual([240, 1080, 4000])
  expect(good?.seconds).toBeGreaterThan(quick?.seconds ?? Number.NaN)
  expect(best?.seconds).toBeGreaterThan(good?.seconds ?? Number.NaN)
  expect(quick?.seconds).toBeGreaterThan(240 * estimate.secondsPerStep)

  const third = refusal(training.estimate({ base: app.base }))
  await training.cancelEstimate({})
  expect((await third).message).toBe('The estimate was given up.')
})

it('counts everything that a run does', () => {
  const wanted = { name: 'a', base: '/base', overrides: undefined, prompts: '/prompts.txt', parameters: 1e7 }
  const recipes = Object.fromEntries(qualityNames.map(quality => [quality, guideRecipe(wanted, quality, 1)])) as never
  const none = { loading: 0, text: 0, state: 0, batch: 0, checkpoint: 0, memory: 700 }
  const quick = (part: Partial<typeof none>) =>
    estimateFrom({ ...none, ...part }, recipes, 1000).qualities.quick?.seconds
  expect(quick({})).toBe(0)
  expect(quick({ loading: 30 })).toBe(30)
  expect(quick({ text: 0.1 })).toBe(100)
  expect(quick({ batch: 1 })).toBe(480)
  expect(quick({ checkpoint: 10 })).toBe(80)
  // 5,120 states, 112 more held ones at 3 scales at each of 8 checkpoints, 4 sets of 4 samples and two to hold them against.
  expect(quick({ state: 2 })).toBe(Math.round(5120 * 2 + 8 * 112 * 3 * 1.3 + 64 * (4 * 1.3 + 3)))
})

it('recipes for large bases take fewer states and examples', () => {
  const recipe = (parameters: number) =>
    guideRecipe({ name: 'a', base: '/b', overrides: { prediction: 'v_prediction' }, prompts: '/p', parameters }, 'good')
  expect(recipe(1e7)).toMatchObject({ size: 0.0108, batch: 16, states: { count: 25_600 } })
  expect(recipe(8.6e8)).toMatchObject({ size: 0.005, batch: 1, recompute: false, states: { together: 2 } })
  expect(recipe(8.6e8).overrides).toEqual({ prediction: 'v_prediction' })
})

it('a curve has 500 points at most, each the mean of its steps', () => {
  const line = (step: number) => ({ step, loss: step })
  const metrics = (count: number) => Array.from({ length: count }, (_, i) => line(i + 1))
  expect(curveOf([])).toEqual([])
  expect(curveOf(metrics(500))).toEqual(metrics(500))
  const thinned = curveOf(metrics(1001))
  expect(thinned.length).toBeLessThanOrEqual(500)
  expect(thinned[0]).toEqual({ step: 3, loss: 2 })
  // The last stands for what is left over.
  expect(thinned.at(-1)).toEqual({ step: 1001, loss: 1000.5 })
  expect(curveOf([{ step: 1 }, line(2)])).toEqual([line(2)])
})

it('errors are the mean over the kinds of states', () => {
  const metrics = [
    { step: 1, loss: 1 },
    { step: 2, loss: 1, 'error w=2 noised': 0.5, 'error w=2 teacher': 0.7, 'error w=8 noised': 0.9 },
  ]
  expect(errorsOf(metrics)).toEqual([{ step: 2, errors: { 2: 0.6, 8: 0.9 } }])
})
