import { readdir, writeFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { scratch } from '../../models/training/support.ts'
import { cicerone } from './cicerone.ts'

const { at } = scratch()
const models = ['--base', 'demo', '--guide', 'demo-guide']

it('pair says how much of CFG the demo guide recovers on the demo model', async () => {
  const { code, stdout, stderr } = await cicerone('pair', ...models, '--json')
  expect(stderr).toBe('')
  expect(code).toBe(0)
  const { recovery, error, effectiveGuidance } = JSON.parse(stdout)
  expect(recovery).toBeGreaterThan(0.7)
  expect(recovery).toBeLessThan(1)
  expect(error).toBeLessThan(0.7)
  expect(effectiveGuidance).toBeGreaterThan(1.5)
})

it('evaluate writes a report into a folder, and refuses a folder of something else', async () => {
  const suite = {
    ...{ name: 'tiny', prompts: 'emoji-scenes', steps: 2, guidance: 4, pictures: 2, methods: ['guide'], bootstrap: 5 },
    states: { prompts: 1, steps: 2, guidance: [4] },
    negatives: { pictures: 0, pairs: [] },
    grid: { prompts: 1, guidance: [4] },
  }
  await writeFile(at('suite.json'), JSON.stringify(suite))
  const args = ['evaluate', ...models, '--suite', at('suite.json'), '--out', at('out')]
  const { code, stdout, stderr } = await cicerone(...args)
  expect(stderr).toMatch(/painting: 17 of 17\n/)
  expect(stderr).toContain(`The report is in ${at('out')}.`)
  expect(code).toBe(0)
  expect(stdout).toContain('# demo-guide on demo')
  expect(await readdir(at('out'))).toEqual(
    expect.arrayContaining([
      'evaluation.json',
      'grid-1.png',
      'pictures',
      'psnr-by-passes.svg',
      'report.json',
      'report.md',
    ]),
  )
  await writeFile(at('suite.json'), JSON.stringify({ ...suite, steps: 3 }))
  const refused = await cicerone(...args)
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain(`${at('out')} holds an evaluation of other models, or by another suite.`)
})

it('names what is wrong', async () => {
  const unknown = await cicerone('evaluate', ...models, '--suite', 'magic')
  expect(unknown.code).toBe(1)
  expect(unknown.stderr).toBe('There is no suite magic. Give the path of one, or one of full, quick.\n')
  await writeFile(at('wrong.json'), '{"name":"wrong"}')
  const wrong = await cicerone('evaluate', ...models, '--suite', at('wrong.json'))
  expect(wrong.code).toBe(1)
  expect(wrong.stderr).toContain(`${at('wrong.json')}: prompts is wrong`)
  expect((await cicerone('pair', '--base', 'demo')).code).toBe(2)
})
