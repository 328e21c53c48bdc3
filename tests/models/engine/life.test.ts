import { spawn } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createEngine, type EngineOptions, type ProcessEngine } from '../../../models/engine/client.ts'
import { EngineDied } from '../../../models/engine/engine.ts'
import { launchUnder } from '../../../models/engine/launch.ts'
import { paint, request, runs, until } from './support.ts'

describe('the life of the engine process', () => {
  const engines: ProcessEngine[] = []
  const create = (options: EngineOptions = {}) => {
    const engine = createEngine(options)
    engines.push(engine)
    return engine
  }
  const kill = (engine: ProcessEngine, signal: NodeJS.Signals = 'SIGKILL') => process.kill(engine.pid as number, signal)
  afterEach(() => Promise.all(engines.splice(0).map(engine => engine.close())))

  it('stops within a pass on a cancel and keeps its process', async () => {
    const engine = create()
    const controller = new AbortController()
    const reason = new Error('enough')
    let aborted = 0
    const onProgress = ({ step }: { step: number }) => {
      if (step !== 3) return
      aborted = performance.now()
      controller.abort(reason)
    }
    const painting = paint(engine, request({ steps: 1000 }), { signal: controller.signal, onProgress })
    await until(() => engine.pid !== undefined)
    const { pid } = engine
    await expect(painting).rejects.toBe(reason)
    expect(performance.now() - aborted).toBeLessThan(1900)
    await paint(engine, request({ steps: 1 }))
    expect(engine.pid).toBe(pid)
    const before = AbortSignal.abort(reason)
    await expect(paint(engine, request(), { signal: before })).rejects.toBe(reason)
  })

  it('is ended and started again where one native call outlasts a cancel; the next request is painted', async () => {
    const engine = create()
    const controller = new AbortController()
    const reason = new Error('enough')
    const states = new Set<string>()
    engine.onChange(() => states.add(engine.state))
    let aborted = 0
    let pid: number | undefined
    // One pass at this size takes far more than 3 s; within the first one the noise is drawn and the pass begun.
    const painting = paint(engine, request({ width: 3072, height: 3072, method: 'none', steps: 1 }), {
      signal: controller.signal,
      onProgress({ phase }) {
        if (phase !== 'denoise') return
        pid = engine.pid
        setTimeout(() => {
          aborted = performance.now()
          controller.abort(reason)
        }, 1000)
      },
    })
    const next = paint(engine, request({ steps: 1 }))
    next.catch(() => undefined)
    await expect(painting).rejects.toBe(reason)
    const waited = performance.now() - aborted
    expect(waited).toBeGreaterThan(1900)
    expect(waited).toBeLessThan(10_000)
    expect((await next).pictures).toHaveLength(1)
    expect(engine.pid).not.toBe(pid)
    expect(runs(pid)).toBe(false)
    expect(states).not.toContain('dead')
  })

  it('rejects the running request when it is killed, and goes on with those that wait', async () => {
    const engine = create()
    const first = paint(engine, request({ steps: 500 }), {
      onProgress: ({ step }) => void (step === 2 && kill(engine)),
    })
    const second = paint(engine, request({ steps: 1 }))
    const error = await first.catch(error => error)
    expect(error).toBeInstanceOf(EngineDied)
    expect(error.message).toBe('The engine ended by SIGKILL.')
    expect((await second).pictures).toHaveLength(1)
    expect(engine.state).toBe('ready')
  })

  it.each(['the signal is aborted', 'saving fails'])(
    'loses none of those that wait where it dies while a picture is saved, and then %s',
    async how => {
      const engine = create()
      const controller = new AbortController()
      const reason = new Error(how)
      const saving = paint(engine, request({ steps: 1 }), {
        signal: controller.signal,
        async onPicture() {
          kill(engine)
          await until(() => engine.state === 'starting')
          if (how === 'saving fails') throw reason
          controller.abort(reason)
        },
      })
      const waiting = [2, 3].map(seed => paint(engine, request({ steps: 1, seed })))
      await expect(saving).rejects.toBe(reason)
      const painted = await Promise.all(waiting)
      expect(painted.map(({ pictures }) => pictures[0]?.seed)).toEqual([2, 3])
    },
    30_000,
  )

  it('is not started a fourth time by itself, but with the next request', async () => {
    const engine = create()
    const dying = [1, 2, 3].map(() =>
      paint(engine, request({ steps: 500 }), { onProgress: ({ step }) => void (step === 1 && kill(engine)) }),
    )
    const waiting = paint(engine, request())
    const outcomes = await Promise.allSettled([...dying, waiting])
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: expect.any(EngineDied) })
    expect(engine.state).toBe('dead')
    expect(engine.pid).toBeUndefined()
    expect((await paint(engine, request({ steps: 1 }))).pictures).toHaveLength(1)
  })

  it.runIf(process.platform !== 'win32')('tells what its process said last, where it cannot start', async () => {
    const program = join(await mkdtemp(join(tmpdir(), 'cicerone-launch-')), 'node')
    await writeFile(program, '#!/bin/sh\necho starts >&2\necho node: bad option: --no-such-option >&2\nexit 9\n', {
      mode: 0o755,
    })
    const engine = create({ launcher: launchUnder(program) })
    const error = await paint(engine, request()).catch(error => error)
    expect(error).toBeInstanceOf(EngineDied)
    expect(error.message).toMatch(/^The engine ended with exit code 9: .*--no-such-option/)
    expect(engine.state).toBe('dead')
  })

  it('does not take up what the environment would have Node do', async () => {
    vi.stubEnv('NODE_OPTIONS', '--no-such-option')
    const engine = create()
    expect((await paint(engine, request({ steps: 1 }))).pictures).toHaveLength(1)
    vi.unstubAllEnvs()
  })

  it.runIf(process.platform !== 'win32')('takes a process that is silent for one that is dead', async () => {
    const engine = create({ silence: 2500 })
    const first = paint(engine, request({ steps: 500 }), {
      onProgress: ({ step }) => void (step === 2 && kill(engine, 'SIGSTOP')),
    })
    await expect(first).rejects.toThrow('The engine ended after it did not answer for 2.5 s.')
    expect((await paint(engine, request({ steps: 1 }))).pictures).toHaveLength(1)
  })

  it('leaves no process behind, whether idle, busy, starting or waiting to be started again', async () => {
    const pids: (number | undefined)[] = []
    const idle = create()
    await until(() => idle.state === 'ready')
    const busy = create()
    const painting = paint(busy, request({ steps: 500 }))
    painting.catch(() => undefined)
    await until(() => busy.state === 'busy')
    const starting = create()
    pids.push(idle.pid, busy.pid, starting.pid)
    expect(pids.every(runs)).toBe(true)
    const killed = create()
    await until(() => killed.state === 'ready')
    kill(killed)
    await until(() => killed.state === 'starting')
    await Promise.all([idle, busy, starting, killed].map(engine => engine.close()))
    await expect(painting).rejects.toThrow('The engine was closed.')
    await expect(paint(idle, request())).rejects.toThrow('The engine was closed.')
    expect(pids.filter(runs)).toEqual([])
    await new Promise(resolve => setTimeout(resolve, 300))
    expect([idle.state, busy.state, starting.state, killed.state]).toEqual(['dead', 'dead', 'dead', 'dead'])
    expect(killed.pid).toBeUndefined()
  })

  it('ends with the process that started it, however that ends', async () => {
    const parent = spawn(process.execPath, [fileURLToPath(new URL('./parent.ts', import.meta.url))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const pid = Number(await new Promise(resolve => parent.stdout.once('data', resolve)))
    expect(runs(pid)).toBe(true)
    parent.kill('SIGKILL')
    await until(() => !runs(pid), 5)
  })
})
