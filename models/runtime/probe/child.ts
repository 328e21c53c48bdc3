import type { DeviceName } from '../target.ts'
import { tryDevice } from './trial.ts'

/** `node child.ts DEVICE` with an IPC channel: tries a device in a process of its own, and sends what came of it. */
try {
  process.send?.({ trial: await tryDevice(process.argv[2] as DeviceName) })
} catch (error) {
  process.send?.({ reason: error instanceof Error ? error.message : String(error) })
}
process.disconnect?.()
