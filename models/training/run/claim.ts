import { readFile, rm, stat } from 'node:fs/promises'
import { uptime } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import { writeText } from '../../tensor/atomically.ts'

/** Who trains a run. */
export interface Claim {
  readonly pid: number
  /** On whose behalf, as in a sentence; empty where it is its own. */
  readonly by: string
}

const fileOf = (path: string): string => join(path, 'running')

/**
 * Claims a run's folder for this process until `closing` is disposed of: two that write to one folder would spoil both.
 * A process that was killed leaves its claim behind, which counts no longer; nor does one from before the computer was
 * started, whose number another process may have by now.
 */
export async function claimRun(path: string, closing: AsyncDisposableStack, by = ''): Promise<void> {
  const other = await claimOf(path)
  if (other)
    throw new UserError(
      `${path} is in use by ${other.by && `${other.by}, `}the process ${other.pid}.`,
      `Wait for it, or stop it; if it is something else, delete ${fileOf(path)}.`,
    )
  await writeText(fileOf(path), `${process.pid} ${by}`.trim())
  closing.defer(() => rm(fileOf(path), { force: true }))
}

/** The other process that trains a run at the moment. */
export async function claimOf(path: string): Promise<Claim | undefined> {
  const text = await readFile(fileOf(path), 'utf8').catch(() => '')
  const [, digits = '', by = ''] = /^(\d{1,10})(?: (.{1,40}))?$/.exec(text) ?? []
  const pid = Number(digits)
  return pid > 0 && pid !== process.pid && runs(pid) && (await isSinceStart(path)) ? { pid, by } : undefined
}

/** Whether a claim was made since the computer was started. */
async function isSinceStart(path: string): Promise<boolean> {
  const { mtimeMs } = await stat(fileOf(path)).catch(() => ({ mtimeMs: 0 }))
  return mtimeMs > Date.now() - uptime() * 1000
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
