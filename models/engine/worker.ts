import { parentPort, workerData } from 'node:worker_threads'
import { CancelFlag } from './cancel-flag.ts'
import { toFailure } from './failure.ts'
import { Painter } from './painter.ts'
import type { FromWorker, ToWorker, WorkerData } from './protocol.ts'

/** The thread of the engine's process that runs onnxruntime, which blocks it; `process.ts` starts it. */
const port = parentPort
if (!port) throw new Error('this file is started as a worker thread')
const { cancelled, memoryBudgetMiB } = workerData as WorkerData
const flag = new CancelFlag(cancelled)
const painter = new Painter(memoryBudgetMiB)
let taken: (() => void) | undefined

const send = (message: FromWorker, transfer: readonly ArrayBuffer[] = []) => port.postMessage(message, transfer)

port.on('message', (message: ToWorker) => {
  if (message.type === 'taken') taken?.()
  else void work(message)
})

async function work({ id, request }: Extract<ToWorker, { type: 'generate' }>): Promise<void> {
  try {
    await painter.paint(request, {
      signal: flag.signal(id),
      onProgress: (progress, sketch) => send({ type: 'progress', id, progress, sketch }),
      async onPicture(picture) {
        const answered = new Promise<void>(resolve => (taken = resolve))
        send({ type: 'picture', id, picture }, [picture.pixels.buffer as ArrayBuffer])
        await answered
      },
    })
    send({ type: 'done', id })
  } catch (error) {
    send({ type: 'failed', id, failure: toFailure(error) })
  }
}

send({ type: 'ready' })
