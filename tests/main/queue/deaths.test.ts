import { describe, expect, it } from 'vitest'
import { createEngine } from '../../../models/engine/client.ts'
import { generateRequest } from '../../../preload/contract/generation.ts'
import { idle, openStudio, pictures, record, small, until } from '../studio.ts'

const request = generateRequest.parse(small)
/** Long enough to be killed in the middle. */
const long = { ...request, steps: 60 }

async function open() {
  const engine = createEngine()
  const app = await openStudio(undefined, engine)
  /** Kills the engine's process when it next takes a step. */
  const killAtNextStep = () =>
    new Promise<void>(resolve => {
      const stop = app.events.listen((name, payload) => {
        const step = name === 'queue.progress' && (payload as { step: number }).step
        if (!step || engine.pid === undefined) return
        stop()
        process.kill(engine.pid, 'SIGKILL')
        resolve()
      })
    })
  return { app, killAtNextStep }
}

describe('the death of the engine', () => {
  it('is told, and the job tried once more', async () => {
    const { app, killAtNextStep } = await open()
    const notices = record(app, 'system.notice')
    const killed = killAtNextStep()
    await app.services.queue.enqueue({ ...long, seed: 1 })
    await app.services.queue.enqueue({ ...request, seed: 2 })
    await killed
    await idle(app)
    expect((await pictures(app)).map(({ seed }) => seed)).toEqual([1, 2])
    expect(notices).toMatchObject([{ level: 'info', message: expect.stringContaining('was started again') }])
    expect(await app.services.queue.state({})).toMatchObject({ waiting: null, jobs: [] })
  })

  it('twice on one job fails it and makes the queue wait for the person', async () => {
    const { app, killAtNextStep } = await open()
    const killed = killAtNextStep().then(killAtNextStep)
    const bad = await app.services.queue.enqueue({ ...long, seed: 1 })
    await app.services.queue.enqueue({ ...request, seed: 2 })
    await killed
    const state = await until(async () => {
      const now = await app.services.queue.state({})
      return now.waiting !== null && now
    })
    expect(state.waiting).toContain('stopped twice')
    expect(state.jobs).toMatchObject([
      { state: 'queued', request: { seed: 2 } },
      { id: bad.id, state: 'failed', error: { message: 'The engine stopped twice while it painted this.' } },
    ])
    // It does not go on by itself.
    await new Promise(resolve => setTimeout(resolve, 500))
    expect(await pictures(app)).toEqual([])
    await app.services.queue.resume({})
    await until(async () => (await pictures(app)).length === 1)
    expect((await pictures(app)).map(({ seed }) => seed)).toEqual([2])
  })
})
