import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { createEngine } from '../../../models/engine/client.ts'
import { inProcessEngine } from '../../../models/engine/in-process.ts'
import { PipelineCache } from '../../../models/engine/pipeline-cache.ts'
import { ModelFault, UserError } from '../../../models/errors.ts'
import { fixture } from '../../support/fixtures.ts'
import { paint, request, residentMiB, virtualBytes } from './support.ts'

const MiB = 2 ** 20

describe('the memory of the engine', () => {
  let folder = ''
  const copies = ['a', 'b'] as const
  const at = (name: string) => join(folder, name)
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cicerone-engine-'))
    await Promise.all(copies.map(name => cp(shipped.demo, at(name), { recursive: true })))
    await cp(fixture('sd1-tiny', 'sd1-tiny.safetensors'), at('tiny.safetensors'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** Paints with each copy in turns; resident MiB after each round. */
  async function paintInTurns(memoryBudgetMiB: number, rounds: number): Promise<number[]> {
    const engine = createEngine({ memoryBudgetMiB })
    try {
      const after: number[] = []
      for (let round = 0; round < rounds; round++) {
        for (const name of copies) await paint(engine, request({ base: at(name), steps: 1, width: 64, height: 64 }))
        after.push(residentMiB(engine.pid))
      }
      return after
    } finally {
      await engine.close()
    }
  }

  it.runIf(process.platform === 'linux')('gives back what does not fit its budget, three times', async () => {
    // The demo model's UNet takes 33 MiB as f32.
    const [both, one, none] = [await paintInTurns(1000, 1), await paintInTurns(50, 3), await paintInTurns(5, 1)]
    expect((one[2] as number) - (one[0] as number), 'growth where one model fits').toBeLessThan(25)
    expect((both[0] as number) - (one[0] as number), 'what the second model takes').toBeGreaterThan(20)
    expect((one[0] as number) - (none[0] as number), 'what the UNet takes').toBeGreaterThan(20)
  })

  it.runIf(existsSync('/usr/bin/prlimit'))('says where memory does not suffice, and goes on', async () => {
    const engine = createEngine()
    try {
      await paint(engine, request({ steps: 1 }))
      const { pid } = engine
      const limit = Math.round(virtualBytes(pid) + 200 * MiB)
      execFileSync('/usr/bin/prlimit', ['--pid', String(pid), `--as=${limit}`])
      const init = { path: fixture('pipelines', 'sd1-img2img-euler.init.png'), strength: 0.5 }
      const error = await paint(engine, request({ init, width: 2048, height: 2048 })).catch(error => error)
      expect(error).toEqual(
        new UserError(
          'There is not enough memory for a picture of 2048 x 2048.',
          'Choose a smaller size or close other programs.',
        ),
      )
      expect(error).not.toBeInstanceOf(ModelFault)
      expect((await paint(engine, request({ steps: 1 }))).pictures).toHaveLength(1)
      expect(engine.pid).toBe(pid)
    } finally {
      await engine.close()
    }
  })

  it('tries once more where memory ran out, from the picture that is not done yet', async () => {
    const engine = inProcessEngine()
    const asked = request({ count: 3, steps: 1, seed: 5 })
    const taken: [index: number, seed: number, asked: number][] = []
    let full = true
    await engine.generate(asked, {
      onPicture({ index, seed, settings }) {
        if (index === 1 && full) {
          full = false
          throw new Error('std::bad_alloc')
        }
        taken.push([index, seed, settings.seed])
      },
    })
    expect(taken).toEqual([
      [0, 5, 5],
      [1, 6, 5],
      [2, 7, 5],
    ])
    await engine.close()
  })

  it('loads the networks one after another where no two fit, and keeps all where they do', async () => {
    const loaded = async (budget: number) => {
      const cache = new PipelineCache(budget)
      const { pipeline } = await cache.open(at('a'), { merges: shipped.merges })
      const counts: number[] = []
      for (const load of [() => pipeline.sessions.text(1), pipeline.sessions.unet, pipeline.sessions.decoder]) {
        await load()
        counts.push(pipeline.sessions.loaded().length)
      }
      await cache.release()
      expect(pipeline.sessions.loaded()).toEqual([])
      return counts
    }
    expect(await loaded(0)).toEqual([1, 1, 1])
    expect(await loaded(40 * MiB)).toEqual([1, 2, 3])
    expect(await loaded(34 * MiB)).toEqual([1, 1, 1])
  })

  it('notices that a file was changed: before a request, and before a network is loaded', async () => {
    const cache = new PipelineCache(1000 * MiB)
    const path = at('tiny.safetensors')
    const first = await cache.open(path, { merges: shipped.merges })
    await first.pipeline.sessions.text(1)
    expect(await cache.open(path, { merges: shipped.merges })).toBe(first)
    await utimes(path, 1, 1)
    await expect(first.pipeline.sessions.unet()).rejects.toThrow(
      new UserError('tiny.safetensors was changed while it was in use.', 'Paint again.'),
    )
    const second = await cache.open(path, { merges: shipped.merges })
    expect(second).not.toBe(first)
    expect(first.pipeline.sessions.loaded()).toEqual([])
    await second.pipeline.sessions.unet()
    await cache.release()

    await cp(fixture('bad-files', 'page.safetensors'), path)
    await expect(cache.open(path, { merges: shipped.merges })).rejects.toThrow(/web page/)
    const inFolder = await cache.open(at('b'), { merges: shipped.merges })
    await utimes(join(at('b'), 'scheduler', 'scheduler_config.json'), 1, 1)
    expect(await cache.open(at('b'), { merges: shipped.merges })).not.toBe(inFolder)
  })
})
