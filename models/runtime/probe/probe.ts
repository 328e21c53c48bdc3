import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { env, listSupportedBackends } from 'onnxruntime-node'
import { type Precision, precisions } from '../../graph/onnx/write.ts'
import { type DeviceName, deviceNames, type Target } from '../target.ts'
import type { Trial } from './trial.ts'

/** What is known of a device of this computer. */
export interface DeviceReport {
  readonly name: DeviceName
  /** Why pictures cannot be painted on it, or what was found when it was tried: one sentence. */
  readonly reason: string
  /** Whether pictures can be painted on it. */
  readonly usable: boolean
  /** How graphs are written for it, where it is usable. */
  readonly target?: Target | undefined
  readonly precisions: readonly Precision[]
  /** Seconds of a pass through the graph that it is tried with. */
  readonly seconds?: number | undefined
}

/** onnxruntime's version: what it computes wrongly may change with it. */
export const runtimeVersion: string = env.versions.node ?? env.versions.common

/** Seconds that a device has for all of its trial. Drivers compile each operator when it is first used. */
const patience = 120

/** The devices that onnxruntime offers on this computer, whether they are there and work or not. */
export function offeredDevices(): DeviceName[] {
  const offered = listSupportedBackends().map(({ name }) => name)
  return deviceNames.filter(name => offered.includes(name))
}

/**
 * Tries a device in a process of its own: a driver that crashes or hangs takes down that alone.
 * @param execPath the Node to run it under
 */
export const probe = async (name: DeviceName, execPath = process.execPath): Promise<DeviceReport> =>
  report(name, await tryApart(name, execPath))

type Outcome = { readonly trial: Trial } | { readonly reason: string }

function tryApart(name: DeviceName, execPath: string): Promise<Outcome> {
  const child = fork(fileURLToPath(new URL('./child.ts', import.meta.url)), [name], {
    ...{ execPath, execArgv: [], stdio: 'ignore' },
    // A native error is a number to Windows, and nobody reads a core file.
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  return new Promise(resolve => {
    const timer = setTimeout(() => {
      resolve({ reason: `it was not done within ${patience} s` })
      child.kill('SIGKILL')
    }, 1000 * patience)
    child.on('message', message => resolve(message as Outcome))
    child.on('error', error => resolve({ reason: error.message }))
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ reason: `it ended its process ${signal === null ? `with exit code ${code}` : `by ${signal}`}` })
    })
  })
}

function report(name: DeviceName, outcome: Outcome): DeviceReport {
  if ('reason' in outcome) return { name, usable: false, reason: brief(outcome.reason), precisions: [] }
  const { target, seconds, error, precisions: right } = outcome.trial
  const off = `${error.toExponential(1)} of the largest number off the CPU's plainest form`
  if (!target) return { name, usable: false, reason: `it computes wrongly: ${off}`, precisions: [] }
  const notes = [
    `${(1000 * seconds).toFixed(0)} ms`,
    off,
    target.fused.length > 0 ? `fused ${target.fused.join(', ')}` : 'nothing fused',
    precisions.filter(precision => right.includes(precision)).join(', '),
  ]
  return { name, usable: true, reason: notes.join('; '), target, precisions: right, seconds }
}

/** What onnxruntime says, without the place in its source and what it had checked. */
const brief = (message: string): string =>
  (message.split('\n')[0] ?? '').replace(/^\/\S+ .* was false\. /, '').slice(0, 300)
