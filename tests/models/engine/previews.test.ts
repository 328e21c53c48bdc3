import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { EngineProgress } from '../../../models/engine/engine.ts'
import { Previews, previewSize, warmUp } from '../../../models/engine/previews.ts'

const pixels = new Uint8Array(64 * 64 * 3).map((_, i) => i % 251)
const sketch = { width: 64, height: 64, pixels, shown: [256, 256] } as const
const step = (step: number) => ({ phase: 'denoise', picture: 0, step, steps: 1000 }) as const

it('shows small pictures as they are and larger ones in 256 pixels', () => {
  expect(previewSize(128, 64)).toEqual([128, 64])
  expect(previewSize(768, 512)).toEqual([256, 171])
  expect(previewSize(4096, 8)).toEqual([256, 1])
})

it('passes every step on in order, and spends a small share of the time on previews', async () => {
  await warmUp()
  const told: EngineProgress[] = []
  const previews = new Previews(progress => told.push(progress))
  const begin = performance.now()
  let encoding = 0
  for (let i = 0; performance.now() - begin < 1500; i++) {
    const before = performance.now()
    previews.push(step(i), sketch)
    await previews.settled()
    // Nothing else is done here: what takes time is encoding.
    encoding += performance.now() - before
    await sleep(2)
  }
  const seconds = performance.now() - begin
  expect(told.map(({ step }) => step)).toEqual(told.map((_, i) => i))
  expect(told.filter(({ preview }) => preview).length).toBeGreaterThan(1)
  expect(encoding / seconds).toBeLessThan(0.15)
})

it('goes on without the preview where one cannot be made', async () => {
  const told: EngineProgress[] = []
  const previews = new Previews(progress => told.push(progress))
  previews.push(step(1), { ...sketch, width: 1000 })
  await previews.settled()
  expect(told).toEqual([{ ...step(1), preview: undefined }])
})
