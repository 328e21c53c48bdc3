import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

const entry = join(import.meta.dirname, '../../../main/hosts/cli/cicerone.ts')

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts the command line as a person does, under this Node. */
export function start(...args: string[]): { child: ChildProcess; ended: Promise<Outcome> } {
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', part => (output.stdout += part))
  child.stderr.on('data', part => (output.stderr += part))
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => resolve({ code, ...output }))
  })
  return { child, ended }
}

export const cicerone = (...args: string[]): Promise<Outcome> => start(...args).ended
