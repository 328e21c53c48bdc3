import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

/** Each in a process of its own, as the peak is the process's. */
async function step(layers: number, every: number): Promise<{ peak: number; slopes: number[] }> {
  const script = join(import.meta.dirname, 'peak.ts')
  // As the engine is started: large blocks go back to the system.
  const env = { ...process.env, MALLOC_MMAP_THRESHOLD_: '65536' }
  const { stdout } = await promisify(execFile)(process.execPath, [script, `${layers}`, `${every}`], { env })
  return JSON.parse(stdout)
}

test('computing blocks anew lowers the peak of memory in onnxruntime, and changes no gradient', async () => {
  const [kept, anew] = [await step(36, 0), await step(36, 6)]
  expect(anew.slopes).toEqual(kept.slopes)
  expect(kept.peak).toBeGreaterThan(36 * 8)
  expect(anew.peak).toBeLessThan(kept.peak / 2)
})
