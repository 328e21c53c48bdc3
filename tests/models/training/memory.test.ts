import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'

const script = join(import.meta.dirname, '..', '..', 'bench', 'step-memory.ts')

/** What two steps of a guide take beside what is loaded, in MiB, and the losses that they tell. */
async function steps(...more: string[]): Promise<{ peaks: [number, number]; losses: number[] }> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, shipped.demo, 'tap1', '96', ...more], {
    env: { ...process.env, MALLOC_MMAP_THRESHOLD_: '65536' },
  })
  const { loaded, steps } = JSON.parse(stdout) as { loaded: number; steps: { peak: number; loss: number }[] }
  const [first, second] = steps.map(({ peak }) => peak - loaded) as [number, number]
  return { peaks: [first, second], losses: steps.map(({ loss }) => loss) }
}

it.runIf(process.platform === 'linux')(
  'takes no more memory from step to step, and less where blocks are computed anew',
  async () => {
    const plain = await steps()
    expect(plain.peaks[0]).toBeGreaterThan(200)
    expect(plain.peaks[1]).toBeLessThan(1.1 * plain.peaks[0])
    const recomputed = await steps('recompute')
    expect(recomputed.peaks[1]).toBeLessThan(0.97 * plain.peaks[1])
    expect(recomputed.losses).toEqual(plain.losses)
  },
  600_000,
)
