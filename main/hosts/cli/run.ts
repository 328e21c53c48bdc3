import type { Command } from 'commander'
import { ZodError } from 'zod'
import { UserError } from '../../../models/errors.ts'

/** What the process ends with. */
export const exitCode = { done: 0, failed: 1, usage: 2, cancelled: 130 } as const

/** A call that makes no sense: one sentence that says what is allowed. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Options that every command takes. */
export interface CommonOptions {
  readonly json?: true | undefined
  readonly dataDir?: string | undefined
}

/** Adds the options that every command takes. */
export const common = (command: Command): Command =>
  command
    .option('--json', 'print the result as JSON')
    .option('--data-dir <folder>', 'where pictures, models and the cache are kept')

/**
 * Runs a command's work: Ctrl+C aborts the signal (a second one ends the process), and an error becomes one
 * sentence on stderr, with --json also {error, hint} on stdout, and the exit code.
 */
export async function run(options: CommonOptions, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController()
  const cancel = () => {
    if (controller.signal.aborted) process.exit(exitCode.cancelled)
    controller.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, cancel)
  try {
    await work(controller.signal)
  } catch (error) {
    process.exitCode = controller.signal.aborted ? exitCode.cancelled : tell(error, options)
    if (controller.signal.aborted) console.error('Cancelled.')
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, cancel)
  }
}

function tell(error: unknown, { json }: CommonOptions): number {
  const { message, hint, code } = understood(error)
  console.error(hint ? `${message} ${hint}` : message)
  if (json) console.log(JSON.stringify({ error: message, hint }))
  return code
}

function understood(error: unknown): { message: string; hint: string; code: number } {
  if (error instanceof ZodError) {
    const sentences = error.issues.map(({ path, message }) => `${flagOf(path)}: ${message}.`)
    return { message: sentences.join(' '), hint: '', code: exitCode.usage }
  }
  if (error instanceof UsageError) return { message: error.message, hint: '', code: exitCode.usage }
  if (error instanceof UserError) return { message: error.message, hint: error.hint, code: exitCode.failed }
  const reason = error instanceof Error ? error.message : String(error)
  if (process.env.CICERONE_DEBUG) console.error(error)
  return { message: `The studio failed: ${reason}`, hint: 'Please report it.', code: exitCode.failed }
}

/** `clipSkip` as the person wrote it: `--clip-skip`; of several LoRAs it is the flag that is repeated. */
const flagOf = ([first = '', ...path]: readonly PropertyKey[]): string =>
  `--${[first === 'loras' ? 'lora' : first, ...(first === 'loras' ? [] : path)].join('.').replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
