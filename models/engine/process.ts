import { writeFile } from 'node:fs/promises'
import { url as debuggerUrl } from 'node:inspector'
import { Worker } from 'node:worker_threads'
import { CancelFlag } from './cancel-flag.ts'
import { Previews, warmUp } from './previews.ts'
import type { FromEngine, FromWorker, ToEngine, ToWorker, WorkerData } from './protocol.ts'

/**
 * The engine's process: `node process.ts MEMORY_BUDGET_MIB` with an IPC channel (`launch.ts` starts it). Its own
 * thread never computes, so that it always answers; a worker runs onnxruntime.
 */
const heartbeat = 500

const flag = new CancelFlag()
const workerData: WorkerData = { cancelled: flag.memory, memoryBudgetMiB: Number(process.argv[2]) }
const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData })
const send = (message: FromEngine) => process.send?.(message, undefined, {}, () => undefined)
const tell = (message: ToWorker) => worker.postMessage(message)

let current = 0
const previews = new Previews(progress => send({ type: 'progress', id: current, progress }))
void warmUp().catch(() => undefined)

process.on('message', (message: ToEngine) => {
  if (message.type === 'cancel') flag.raise(message.id)
  else tell(message)
})

worker.on('message', async (message: FromWorker) => {
  if (message.type === 'progress') {
    current = message.id
    previews.push(message.progress, message.sketch)
    return
  }
  // The worker waits now: nothing can come in between.
  await previews.settled()
  send(message)
})

// The last line on stderr is what the client tells.
worker.on('error', error => console.error(error))
worker.on('exit', () => process.exit(1))

function beat(): void {
  const memory = Math.round(process.memoryUsage.rss() / 2 ** 20)
  send({ type: 'heartbeat', memory, debugged: debuggerUrl() !== undefined })
}
setInterval(beat, heartbeat)
beat()

// An orderly exit would wait for the worker, and that for onnxruntime.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
// Ctrl+C reaches the whole group of processes; what it means here is the client's to say.
process.on('SIGINT', () => undefined)
// Where the system itself runs out of memory it should end this process rather than the window's.
if (process.platform === 'linux') await writeFile('/proc/self/oom_score_adj', '500').catch(() => undefined)
