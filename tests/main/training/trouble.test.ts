import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cicerone } from '../cli/cicerone.ts'
import { later, openStudio, record, refusal, temporaryFolder, until } from '../studio.ts'
import { begin, comesTo, openWithBase, pidOf, prompts, runOf, stepsOf, takesStep, upTo } from './support.ts'

const endless = { steps: 100_000, sampleEvery: 0, checkpointEvery: 20 }
const isGone = (pid: number) => {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}

describe('a training', () => {
  it('whose process dies goes on from its last checkpoint, twice; then the person is asked', {
    timeout: 400_000,
  }, async () => {
    const app = await openWithBase()
    const notices = record(app, 'system.notice')
    const { id } = await begin(app, endless)
    for (const least of [25, 45, 65]) {
      await takesStep(app, least)
      process.kill(await pidOf(app, id), 'SIGKILL')
      if (least < 65) await until(() => notices.length === (least === 25 ? 1 : 2))
    }
    const failed = await comesTo(app, id, 'failed')
    expect(failed.problem?.message).toBe('The process that trains this guide ended three times.')
    expect(failed.step).toBeGreaterThanOrEqual(60)
    expect(notices.map(({ level }) => level)).toEqual(['info', 'info', 'error'])
    const { waiting } = await app.services.queue.state({})
    expect(waiting).toBeNull()
    await app.services.training.goOn({ run: id })
    await takesStep(app)
    await app.services.training.stop({ run: id })
    const { step } = await comesTo(app, id, 'stopped')
    expect(await stepsOf(app, id)).toEqual(upTo(step))
  })

  it('stands over a restart of the studio, and over its death', async () => {
    const first = await openWithBase()
    const { data } = first
    const { id } = await begin(first, endless)
    await takesStep(first, 3)
    await first.close()
    // A studio in a process of its own takes it up, and is killed.
    const child = spawn(process.execPath, [join(import.meta.dirname, 'child.ts'), data], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    later(async () => child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    const orphan = await pidOf(first, id)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const again = await openStudio(data)
    await until(() => isGone(orphan))
    await takesStep(again)
    expect(await pidOf(again, id)).not.toBe(orphan)
    await again.services.training.stop({ run: id })
    const { step } = await comesTo(again, id, 'stopped')
    expect(await stepsOf(again, id)).toEqual(upTo(step))
  })

  it('and one of the command line refuse each other', async () => {
    const app = await openWithBase()
    const { id } = await begin(app, endless)
    await takesStep(app)
    const run = join(app.data, 'runs', id)
    const args = ['train', join(run, 'recipe.json'), '--run', run, '--resume']
    const refused = await cicerone(...args)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(`${run} is in use by the studio, the process ${await pidOf(app, id)}.`)
    await app.services.training.stop({ run: id })
    await comesTo(app, id, 'stopped')

    // This process stands for the other program.
    await writeFile(join(run, 'running'), String(process.ppid))
    expect(await runOf(app, id)).toMatchObject({ state: 'running', job: null })
    const message = async (call: Promise<unknown>) => (await refusal(call)).message
    expect(await message(app.services.training.stop({ run: id }))).toBe('This guide is trained by another program.')
    await app.services.training.goOn({ run: id })
    await until(async () => (await app.services.queue.state({})).jobs[0]?.state === 'failed')
    expect((await app.services.queue.state({})).jobs[0]?.error?.message).toContain('is in use by the process')
    await rm(join(run, 'running'))
    expect(await runOf(app, id)).toMatchObject({ state: 'failed' })
  })

  it('that cannot be told in numbers any more says so, and keeps what it had', async () => {
    const app = await openWithBase()
    const { id } = await begin(app, endless)
    await takesStep(app)
    await app.services.training.stop({ run: id })
    const { step } = await comesTo(app, id, 'stopped')
    const checkpoint = join(app.data, 'runs', id, 'checkpoints', `step-${String(step).padStart(8, '0')}.safetensors`)
    const bytes = await readFile(checkpoint)
    // Every bit set is NaN.
    await writeFile(checkpoint, bytes.fill(0xff, 8 + Number(bytes.readBigUInt64LE())))
    await app.services.training.goOn({ run: id })
    expect(await comesTo(app, id, 'failed')).toMatchObject({ step, problem: { message: expect.any(String) } })
    const { problem } = await runOf(app, id)
    expect(problem?.message).toBe(
      `The loss is no longer a number at step ${step + 1}; the checkpoint of step ${step} is kept.`,
    )
  })
})

describe('what cannot be trained', () => {
  it('is refused in one sentence', async () => {
    const app = await openWithBase()
    const { training } = app.services
    const asked = { name: 'A', base: app.base, prompts, quality: 'quick' } as const
    const message = async (call: Promise<unknown>) => (await refusal(call)).message
    expect(await message(training.begin({ ...asked, prompts: { text: '\n # only words \n' } }))).toBe(
      'There are no prompts.',
    )
    expect(await message(training.begin({ ...asked, base: 'gone' }))).toBe('This base is not in the library.')
    expect(await message(training.begin({ ...asked, base: '/etc/passwd' }))).toBe('This base is not in the library.')
    expect(await message(training.estimate({ base: 'gone' }))).toBe('This base is not in the library.')
    for (const run of ['gone', '..', '../models', 'a/b', 'a\\b', '', '.part-1', 'x'.repeat(300), 'a\0']) {
      expect(await message(training.detail({ run }))).toMatch(/^There is no run/)
      expect(await message(training.remove({ run }))).toMatch(/^There is no run/)
      if (run !== 'gone') expect(await app.runs.file(run, 'cfg-1.png')).toBeUndefined()
    }
    for (const file of ['../recipe.json', '..\\recipe.json', 'recipe.json', 'step-1-1.png', 'cfg-1.png.part', ''])
      expect(await app.runs.file('gone', file)).toBeUndefined()
    expect(await training.runs({})).toEqual([])
  })

  it('for its base is gone, or its folder damaged, fails with the sentence; the others go on', async () => {
    const app = await openWithBase()
    const { training, queue, models } = app.services
    await queue.pause({})
    const one = await training.begin({ name: 'One', base: app.base, prompts, quality: 'quick' })
    const two = await training.begin({ name: 'Two', base: app.base, prompts, quality: 'good' })
    await writeFile(join(app.data, 'runs', two.id, 'recipe.json'), '{"objective": "gui')
    await models.remove({ id: app.base })
    await queue.resume({})
    expect((await comesTo(app, one.id, 'failed')).problem?.message).toContain('There is no model tiny')
    const damaged = await comesTo(app, two.id, 'failed')
    expect(damaged).toMatchObject({ name: 'Two', quality: 'good', base: null, baseName: 'tiny', steps: 0 })
    expect(damaged.problem?.message).toContain('recipe.json')
    await training.remove({ run: two.id })
    expect((await training.runs({})).map(({ id }) => id)).toEqual([one.id])
    expect((await queue.state({})).jobs).toMatchObject([{ run: one.id }])
  })
})

it('a folder that a killed studio was making is gone when the next one opens', async () => {
  const data = await temporaryFolder()
  await mkdir(join(data, 'runs', '.part-1', 'checkpoints'), { recursive: true })
  await openStudio(data)
  expect(await readdir(join(data, 'runs'))).toEqual([])
})
