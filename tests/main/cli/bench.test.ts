import { expect, it } from 'vitest'
import { cicerone } from './cicerone.ts'

it('compares methods by passes, time and nearness to CFG', async () => {
  const methods = ['none', 'guide', 'guide:2', 'cfg', 'cfg-apart', 'reuse']
  const { code, stdout, stderr } = await cicerone(
    ...['bench', '--json', '--rounds', '2', '--steps', '4', '--compare', methods.join(',')],
  )
  expect(code).toBe(0)
  expect(stderr).toContain('2 of 2 rounds')
  const told = JSON.parse(stdout).methods
  expect(Object.keys(told)).toEqual(methods)
  const passes = Object.values<{ passesPerStep: number }>(told).map(({ passesPerStep }) => passesPerStep)
  expect(passes).toEqual([1, 1, 1.5, 2, 2, 1.5])
  expect(told.none.ratio).toBe(1)
  expect(told.cfg.psnr).toBeNull()
  // Two passes in turn round otherwise than a batch of two; they are the same picture.
  expect(told['cfg-apart'].psnr ?? 99).toBeGreaterThan(50)
  expect(told.guide.psnr).toBeGreaterThan(told.none.psnr)
  expect(told['guide:2'].psnr).toBeGreaterThan(told.guide.psnr)
  for (const { secondsPerStep } of Object.values<{ secondsPerStep: number }>(told))
    expect(secondsPerStep).toBeGreaterThan(0)
})

it.each(['magic', 'cfg:2', 'reuse:1', 'guide:x', 'guide:2:9'])('does not know the method %s', async name => {
  const { code, stderr } = await cicerone('bench', '--compare', name)
  expect(code).toBe(2)
  expect(stderr).toContain(`--compare: ${name} is none of guide, cfg,`)
})
