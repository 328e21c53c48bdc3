import type { Progress } from '../pipelines/generate.ts'
import type { EnginePicture, EngineProgress, EngineRequest } from './engine.ts'
import type { Failure } from './failure.ts'
import type { Sketch } from './previews.ts'

/** Requests are numbered from 1, rising; one is worked on at a time. */
interface Numbered {
  readonly id: number
}

type Generate = Numbered & { readonly type: 'generate'; readonly request: EngineRequest }
/** The picture that came was dealt with: the next may be begun. */
type Taken = Numbered & { readonly type: 'taken' }
type Ready = { readonly type: 'ready' }
type PictureDone = Numbered & { readonly type: 'picture'; readonly picture: EnginePicture }
type Done = Numbered & { readonly type: 'done' }
type Failed = Numbered & { readonly type: 'failed'; readonly failure: Failure }

/** From the client to the engine's process; each is a structured clone. */
export type ToEngine = Generate | Taken | (Numbered & { readonly type: 'cancel' })

/** From the engine's process to the client. */
export type FromEngine =
  | Ready
  | (Numbered & { readonly type: 'progress'; readonly progress: EngineProgress })
  | PictureDone
  | Done
  | Failed
  | {
      readonly type: 'heartbeat'
      /** Resident MiB. */
      readonly memory: number
      /** Whether a debugger may stop it: silence is no sign of death then. */
      readonly debugged: boolean
    }

/** From the process's own thread to the one that runs onnxruntime. */
export type ToWorker = Generate | Taken

export type FromWorker =
  | Ready
  | (Numbered & { readonly type: 'progress'; readonly progress: Progress; readonly sketch?: Sketch | undefined })
  | PictureDone
  | Done
  | Failed

/** What the worker is started with. */
export interface WorkerData {
  /** Of the `CancelFlag`. */
  readonly cancelled: SharedArrayBuffer
  readonly memoryBudgetMiB: number
}
