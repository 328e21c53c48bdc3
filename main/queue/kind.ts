import type { JobRow } from '../database/queries/jobs.ts'

/** A job of a kind, as it is kept. */
export type RowOf<Kind extends JobRow['kind']> = Extract<JobRow, { readonly kind: Kind }>

/** What the queue and a job that runs tell each other. */
export interface Doing {
  /** Aborted with the reason why it is to end; see `goesOn`. */
  readonly signal: AbortSignal
  /** Told what is done and what is missing; awaited, and a good place to stop. */
  readonly onDone: (done: number, missing: number) => Promise<void>
}

/** One kind of job: the queue knows the order of all, and what becomes of one at its end. */
export interface JobKind<Row> {
  /** Whether it may be stopped at any time and gone on with: it makes way for every other kind. */
  readonly yields: boolean
  /**
   * Does what is missing of a job. Rejects with `UserError`, `SavingFailed` where what was made cannot be kept, the
   * signal's reason, and what `deaths` knows.
   */
  run(job: Row, doing: Doing): Promise<void>
  /** What is done of a job that an earlier run of the studio has left: it may not have counted all. */
  counted(job: Row): Promise<number>
  readonly deaths: Deaths
}

/** What is done where the process that a job needs ended by itself. */
export interface Deaths {
  is(error: unknown): boolean
  /** The job is begun again until it has died so often. */
  readonly most: number
  /** What the person is told when it is begun again, and when it is not. */
  readonly again: string
  readonly failed: { readonly message: string; readonly hint: string }
  /** Why the queue waits for the person then; it goes on with the others where this is left out. */
  readonly waiting?: string
}

/** What was made could not be kept: what the next job makes could not be either. */
export class SavingFailed extends Error {
  override readonly name = 'SavingFailed'
}

/** Why a job ends that goes on by itself: when the queue is resumed, when nothing else is to be done, when the studio is opened again. */
export const goesOn = {
  pausing: new Error('The queue was paused.'),
  makingWay: new Error('Something else comes first.'),
  closing: new Error('The studio is closed.'),
} as const
