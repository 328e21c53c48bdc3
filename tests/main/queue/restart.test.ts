import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { generateRequest } from '../../../preload/contract/generation.ts'
import { idle, later, openStudio, pictures, small, temporaryFolder, until } from '../studio.ts'

const request = generateRequest.parse(small)

describe('a job that was cut off', () => {
  it('goes on with the missing pictures after the studio was closed in the middle', async () => {
    const data = await temporaryFolder()
    const first = await openStudio(data)
    await first.services.queue.enqueue({ ...request, seed: 20, count: 5 })
    await first.services.queue.enqueue({ ...request, seed: 40 })
    await until(async () => (await pictures(first)).length >= 2)
    await first.close()

    const second = await openStudio(data)
    await idle(second)
    expect((await pictures(second)).map(({ seed }) => seed)).toEqual([20, 21, 22, 23, 24, 40])
  })

  it('stays paused over a restart', async () => {
    const data = await temporaryFolder()
    const first = await openStudio(data)
    await first.services.queue.pause({})
    await first.services.queue.enqueue({ ...request, seed: 1 })
    await first.close()
    const second = await openStudio(data)
    expect(await second.services.queue.state({})).toMatchObject({ paused: true, jobs: [{ state: 'queued' }] })
    await second.services.queue.resume({})
    await idle(second)
    expect(await pictures(second)).toHaveLength(1)
  })

  it('loses nothing and paints nothing twice when the whole studio is killed, again and again', async () => {
    const data = await temporaryFolder()
    const count = 8
    for (const [round, ms] of [1200, 400, 900, 150].entries()) {
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, 'child.ts'), data, String(round === 0 ? count : 0)],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
      later(async () => child.kill('SIGKILL'))
      // Killed some time after its first sign of life in the queue.
      await once(child.stdout, 'data')
      await new Promise(resolve => setTimeout(resolve, ms))
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    const app = await openStudio(data)
    await idle(app)
    expect((await pictures(app)).map(({ seed }) => seed).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: count }, (_, i) => 100 + i),
    )
    const files = await readdir(join(data, 'pictures'), { recursive: true })
    expect(files.filter(name => name.endsWith('.png'))).toHaveLength(count)
  })
})
