import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import { writeText } from '../../tensor/atomically.ts'

/**
 * Claims a run's folder for this process until `closing` is disposed of: two that write to one folder would spoil both.
 * A process that was killed leaves its claim behind, which counts no longer.
 */
export async function claimRun(path: string, closing: AsyncDisposableStack): Promise<void> {
  const file = join(path, 'running')
  const other = Number(await readFile(file, 'utf8').catch(() => ''))
  if (other > 0 && other !== process.pid && runs(other))
    throw new UserError(
      `${path} is in use by the process ${other}.`,
      `Wait for it; if it is something else, delete ${file}.`,
    )
  await writeText(file, String(process.pid))
  closing.defer(() => rm(file, { force: true }))
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
