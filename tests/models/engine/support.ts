import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { shipped } from '../../../main/paths.ts'
import type {
  Engine,
  EngineHandlers,
  EnginePicture,
  EngineProgress,
  EngineRequest,
} from '../../../models/engine/engine.ts'

/** A strawberry by the demo model in a few steps. */
export const request = (changes: Partial<EngineRequest> = {}): EngineRequest => ({
  base: shipped.demo,
  merges: shipped.merges,
  prompt: 'a strawberry on a blue background',
  negative: '',
  method: 'cfg',
  guidance: 5,
  steps: 4,
  schedule: 'auto',
  seed: 7,
  count: 1,
  clipSkip: 1,
  ...changes,
})

/** Paints a request and collects all that was told. */
export async function paint(
  engine: Engine,
  asked: EngineRequest,
  handlers: Partial<EngineHandlers> = {},
): Promise<{ pictures: EnginePicture[]; progress: EngineProgress[] }> {
  const [pictures, progress]: [EnginePicture[], EngineProgress[]] = [[], []]
  await engine.generate(asked, {
    signal: handlers.signal,
    onProgress(told) {
      progress.push(told)
      handlers.onProgress?.(told)
    },
    onPicture(picture) {
      pictures.push(picture)
      return handlers.onPicture?.(picture)
    },
  })
  return { pictures, progress }
}

/** Whether a process runs: one that has ended and waits for its parent to notice does not. */
export function runs(pid: number | undefined): boolean {
  if (pid === undefined) return false
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** Waits until something holds; an error after `seconds`. */
export async function until(holds: () => boolean, seconds = 10): Promise<void> {
  const end = performance.now() + seconds * 1000
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${holds}`)
    await sleep(20)
  }
}

/** Resident MiB of a process. Linux only, as the next. */
export const residentMiB = (pid: number | undefined): number => kilobytes(pid, 'VmRSS') / 1024

/** Address space of a process in bytes. */
export const virtualBytes = (pid: number | undefined): number => kilobytes(pid, 'VmSize') * 1024

const kilobytes = (pid: number | undefined, field: string): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
