import { readdir, readFile, writeFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { captions, scratch, writeBase } from '../../models/training/support.ts'
import { cicerone, start } from './cicerone.ts'

const { at } = scratch()

it('trains a guide; Ctrl+C keeps what was learned, and --resume goes on', async () => {
  await writeBase(at('base'))
  await writeFile(at('prompts.txt'), captions.join('\n'))
  const recipe = {
    ...{ objective: 'guide', name: 'A guide', base: 'base', prompts: 'prompts.txt', kind: 'tap1', threads: 1 },
    ...{ steps: 300, batch: 2, learningRate: 0.01, checkpointEvery: 1000, sampleEvery: 300 },
    states: { count: 60, held: 8, teacherSteps: [2, 3] },
  }
  await writeFile(at('recipe.json'), JSON.stringify(recipe))
  const args = ['train', at('recipe.json'), '--run', at('run'), '--json']

  const { child, ended } = start(...args)
  child.stderr?.on('data', text => /step 1 of 300/.test(String(text)) && child.kill('SIGINT'))
  const cancelled = await ended
  expect(cancelled.code).toBe(130)
  expect(cancelled.stderr).toMatch(/asking the teacher: 60 of 60/)
  expect(cancelled.stderr).toMatch(/step 1 of 300: loss [\d.e-]+, [\d.]+ examples a second, \d+ (s|min) left/)
  const [kept] = await readdir(at('run', 'checkpoints'))
  expect(kept).toMatch(/^step-\d{8}[.]safetensors$/)

  const refused = await cicerone(...args)
  expect(refused.code).toBe(1)
  expect(JSON.parse(refused.stdout).error).toBe(`${at('run')} already holds this run.`)

  const { code, stdout } = await cicerone(...args, '--resume')
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    steps: 300,
    examples: 600,
    run: at('run'),
    result: at('run', 'result', 'guide.safetensors'),
  })
  const samples = await readdir(at('run', 'samples'))
  expect(samples.filter(name => name.startsWith('step-')).length).toBe(4)
  // What they lie between, and what they are of.
  for (const name of ['cfg-1.png', 'cfg-4.png', 'none-1.png', 'none-4.png', 'prompts.json'])
    expect(samples).toContain(name)
  expect((await readFile(at('run', 'metrics.jsonl'), 'utf8')).trim().split('\n').length).toBe(300)
  const inspected = await cicerone('inspect', at('run', 'result', 'guide.safetensors'), '--base', at('base'), '--json')
  expect(JSON.parse(inspected.stdout)).toMatchObject({ kind: 'guide', fits: true })
})

it('names a recipe that does not exist, and a field that is wrong', async () => {
  const unknown = await cicerone('train', 'magic')
  expect(unknown.code).toBe(1)
  expect(unknown.stderr).toMatch(/^There is no recipe magic[.] Give the path of one, or one of .*demo-base, /)
  await writeFile(at('wrong.json'), '{"objective":"guide","steps":"x"}')
  const wrong = await cicerone('train', at('wrong.json'))
  expect(wrong.code).toBe(1)
  expect(wrong.stderr).toContain(`${at('wrong.json')}: `)
  expect(wrong.stderr.trim().split('\n').length).toBe(1)
})
