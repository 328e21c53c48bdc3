import { execFile } from 'node:child_process'
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const MiB = 2 ** 20

test.runIf(process.platform === 'linux')(
  'a session gives its memory back: three loads of 64 MiB do not grow the process',
  { timeout: 60_000 },
  async () => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'cicerone-memory-')))
    try {
      const matrices = 64
      const file = join(folder, 'matrix.bin')
      // Each matrix differs from the others: onnxruntime keeps equal ones once.
      const numbers = new Float32Array(matrices * 512 * 512).map((_, i) => (1 + Math.floor(i / 512 ** 2)) / 512)
      await writeFile(file, numbers)
      const script = fileURLToPath(new URL('./load-and-release.ts', import.meta.url))
      const { stdout } = await promisify(execFile)(process.execPath, [script, file, String(matrices), '3'], {
        env: { ...process.env, NODE_OPTIONS: '', MALLOC_MMAP_THRESHOLD_: '65536' },
      })
      const { loaded, after }: { loaded: number; after: [number, number, number] } = JSON.parse(stdout)
      expect(loaded / MiB - after[2] / MiB, 'what the release gives back, MiB').toBeGreaterThan(48)
      expect(after[2] / MiB - after[0] / MiB, 'growth from the first to the third release, MiB').toBeLessThan(25)
    } finally {
      await rm(folder, { recursive: true })
    }
  },
)
