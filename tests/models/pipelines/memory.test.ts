import { execFile } from 'node:child_process'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { writeRandomModel } from '../../bench/random-model.ts'

describe.runIf(process.platform === 'linux')('the memory that a UNet takes at most, loading and one pass', () => {
  it.each([
    ['f32', 1.25],
    ['f16', 1.8],
  ] as const)('is of an %s file within %s times its weights as f32', async (dtype, most) => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'cicerone-peak-')))
    try {
      const file = join(folder, 'model.safetensors')
      await writeRandomModel(file, 'middling', dtype)
      const script = fileURLToPath(new URL('./peak-memory.ts', import.meta.url))
      const { stdout } = await promisify(execFile)(process.execPath, [script, file], {
        env: { ...process.env, NODE_OPTIONS: '', MALLOC_MMAP_THRESHOLD_: '65536' },
      })
      const { weights, ratio }: { weights: number; ratio: number } = JSON.parse(stdout)
      expect(weights).toBeGreaterThan(256 * 2 ** 20)
      expect(ratio).toBeLessThan(most)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
