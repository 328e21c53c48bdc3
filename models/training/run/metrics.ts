import { type FileHandle, open, readFile } from 'node:fs/promises'
import { writeText } from '../../tensor/atomically.ts'
import { pathError } from '../../tensor/safetensors/open.ts'

/** What is told of one step: numbers that a run of the same recipe gives again bit by bit, so no times. */
export interface Metrics {
  /** Updates of the weights so far. */
  readonly step: number
  readonly [name: string]: number
}

/** A run's metrics: a file with a JSON object a line. */
export interface MetricsFile {
  add(metrics: Metrics): Promise<void>
  /** Makes sure that they are on disk. */
  sync(): Promise<void>
}

/**
 * Opens the metrics of a run that goes on behind `step`: what an earlier run told of later steps is dropped, since
 * those are taken again.
 */
export async function openMetrics(path: string, step: number, closing: AsyncDisposableStack): Promise<MetricsFile> {
  const kept = (await readMetrics(path)).filter(metrics => metrics.step <= step)
  await writeText(path, kept.map(asLine).join(''))
  const handle = closing.use(await open(path, 'a'))
  return {
    add: metrics => full(path, handle, asLine(metrics)),
    sync: () => handle.sync(),
  }
}

/** A run's metrics so far; none where there is no file. A last line that was cut short by a kill is left out. */
export async function readMetrics(path: string): Promise<Metrics[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.split('\n').flatMap(line => parsed(line) ?? [])
}

const asLine = (metrics: Metrics): string => `${JSON.stringify(metrics)}\n`

async function full(path: string, handle: FileHandle, line: string): Promise<void> {
  await handle.appendFile(line).catch((cause: unknown) => {
    throw pathError(path, cause, 'written')
  })
}

function parsed(line: string): Metrics | undefined {
  try {
    const value = JSON.parse(line)
    return typeof value?.step === 'number' ? value : undefined
  } catch {
    return undefined
  }
}
