import { z } from 'zod'
import { generateRequest } from './generation.ts'
import type { ServiceShape } from './service.ts'

const jobStates = ['queued', 'running', 'done', 'failed', 'cancelled'] as const

/** What every job has, from the moment that it was asked for. */
const common = {
  id: z.int(),
  state: z.enum(jobStates),
  /** Why it failed, and what to do. */
  error: z.object({ message: z.string(), hint: z.string() }).nullable(),
  /** Milliseconds since 1970. */
  created: z.int(),
}

/** One request for pictures. */
export const paintJob = z.object({
  kind: z.literal('paint'),
  ...common,
  request: generateRequest,
  /** Pictures that are done; `request.count` is how many there will be. */
  done: z.int(),
})
export type PaintJob = z.infer<typeof paintJob>

/** A guide that is trained, a run of `training`; `training.progress` tells where it stands. */
export const trainJob = z.object({ kind: z.literal('train'), ...common, run: z.string(), name: z.string() })
export type TrainJob = z.infer<typeof trainJob>

export const job = z.discriminatedUnion('kind', [paintJob, trainJob])
export type Job = z.infer<typeof job>

/** Where the job that is painted stands. */
export const jobProgress = z.object({
  id: z.int(),
  phase: z.enum(['load', 'text', 'denoise', 'decode']),
  /** Index of the picture, from 0. */
  picture: z.int(),
  step: z.int(),
  steps: z.int(),
  /** Measured over the last steps; null before the second. */
  stepsPerSecond: z.number().nullable(),
  /** Until all pictures of the job are done; null before it can be told. */
  secondsLeft: z.number().nullable(),
  /** What the picture looks like so far, a small `data:` picture; null where none came with this step. */
  preview: z.string().nullable(),
})
export type JobProgress = z.infer<typeof jobProgress>

/** The queue as a whole; `waiting` says why it does not go on by itself. */
export const queueState = z.object({
  paused: z.boolean(),
  /** Set where the queue stopped by itself (the engine died twice on one job) until the person resumes it. */
  waiting: z.string().nullable(),
  /** Queued and running jobs in their order, pictures before training, then the last that failed. */
  jobs: z.array(job),
})
export type QueueState = z.infer<typeof queueState>

/** A picture that is looked at while a slider is dragged: it is in no gallery. */
export const draft = z.object({
  /** A `data:` picture of full size. */
  picture: z.string(),
  width: z.int(),
  height: z.int(),
  passes: z.int(),
  seconds: z.number(),
})
export type Draft = z.infer<typeof draft>

const id = z.object({ id: z.int() })
const nothing = z.object({})

export const queue = {
  methods: {
    enqueue: { input: generateRequest, output: paintJob },
    /**
     * Paints one picture at once, training makes way for it, and keeps it nowhere. Null where a newer draft took its
     * place, or a job is painted, which is not disturbed.
     */
    draft: { input: generateRequest, output: draft.nullable() },
    /** Gives up the draft that is being painted. */
    cancelDraft: { input: nothing, output: nothing },
    state: { input: nothing, output: queueState },
    /** A queued job goes; a running one stops within one pass, training with a checkpoint between two batches. */
    cancel: { input: id, output: nothing },
    cancelAll: { input: nothing, output: nothing },
    pause: { input: nothing, output: nothing },
    resume: { input: nothing, output: nothing },
    /** Puts a failed or cancelled job at the end of the queue again. */
    retry: { input: id, output: job },
    /** Takes a failed job off the list. */
    dismiss: { input: id, output: nothing },
  },
  events: { changed: queueState, progress: jobProgress },
} as const satisfies ServiceShape
