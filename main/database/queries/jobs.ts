import type { Job, PaintJob, TrainJob } from '../../../preload/contract/queue.ts'
import type { Connection } from '../connection.ts'
import { and, asc, desc, eq, gte, inArray, max, sql } from '../drizzle.ts'
import { generations, pictures, jobs as table } from '../schema.ts'

/** A job as it is kept. */
export type JobRow = Job & {
  /** How often its process died on it. */
  readonly deaths: number
  readonly started: number | null
}

/** What is asked for. */
export type NewJob = Pick<PaintJob, 'kind' | 'request'> | Pick<TrainJob, 'kind' | 'run' | 'name'>

/** What changes in the life of a job. */
export interface JobChanges {
  readonly state?: Job['state']
  readonly done?: number
  readonly deaths?: number
  readonly error?: Job['error']
}

/** What tells a picture of a job from every other. */
export interface PictureMark {
  readonly seed: number
  readonly prompt: string
  /** Milliseconds since 1970. */
  readonly since: number
}

/** How many failed jobs are listed. */
const mostFailed = 20

/** One that is said to run may not be painted any more: on a full disk its end could not be written. */
const isPending = inArray(table.state, ['running', 'queued'])

/** What is asked for, in the order in which it is done: pictures first. */
export function jobs(db: Connection) {
  const lastPosition = () =>
    db
      .select({ last: max(table.position) })
      .from(table)
      .get()?.last ?? 0

  function get(id: number): JobRow | undefined {
    const row = db.select().from(table).where(eq(table.id, id)).get()
    return row && jobOf(row)
  }

  /** Undefined where there is no such job. */
  function update(id: number, { error, ...changes }: JobChanges): JobRow | undefined {
    const now = Date.now()
    const { state } = changes
    db.update(table)
      .set({
        ...changes,
        ...(error !== undefined && { errorMessage: error?.message ?? null, errorHint: error?.hint ?? null }),
        ...(state === 'running' && { started: now }),
        ...((state === 'done' || state === 'failed' || state === 'cancelled') && { finished: now }),
      })
      .where(eq(table.id, id))
      .run()
    return get(id)
  }

  return {
    get,
    update,
    /** Puts a job at the end of the queue. */
    add(job: NewJob): JobRow {
      const { kind } = job
      const request = job.kind === 'paint' ? job.request : { run: job.run, name: job.name }
      const row = db
        .insert(table)
        .values({ kind, state: 'queued', position: lastPosition() + 1, request, created: Date.now() })
        .returning()
        .get()
      return jobOf(row)
    },
    /** Running and queued jobs in their order. */
    pending: (): JobRow[] =>
      db
        .select()
        .from(table)
        .where(isPending)
        .orderBy(sql`${table.kind} = 'train'`, sql`${table.state} = 'queued'`, asc(table.position))
        .all()
        .map(jobOf),
    /** Every job that trains, also those that are done; a run has one at most. */
    trainings: (): Extract<JobRow, TrainJob>[] =>
      db
        .select()
        .from(table)
        .where(eq(table.kind, 'train'))
        .all()
        .map(jobOf)
        .filter(row => row.kind === 'train'),
    /** The last that failed, newest first. */
    failed: (): JobRow[] =>
      db
        .select()
        .from(table)
        .where(eq(table.state, 'failed'))
        .orderBy(desc(table.finished), desc(table.id))
        .limit(mostFailed)
        .all()
        .map(jobOf),
    /** Puts a job at the end of the queue as if it had never been begun, but for the pictures that it has. */
    requeue(id: number): JobRow | undefined {
      db.update(table)
        .set({ state: 'queued', position: lastPosition() + 1, deaths: 0, errorMessage: null, errorHint: null })
        .where(eq(table.id, id))
        .run()
      return get(id)
    },
    /** Begins a job that waits; undefined where it does not wait any more. */
    start(id: number): JobRow | undefined {
      const row = get(id)
      return row?.state === 'queued' || row?.state === 'running' ? update(id, { state: 'running' }) : undefined
    },
    /** Cancels a pending job, or all of them. */
    cancelPending(id?: number): void {
      db.update(table)
        .set({ state: 'cancelled', finished: Date.now() })
        .where(and(isPending, id === undefined ? undefined : eq(table.id, id)))
        .run()
    },
    remove(id: number): void {
      db.delete(table).where(eq(table.id, id)).run()
    },
    /** Whether the gallery has a picture that a job was about to count when the studio ended. */
    hasPicture: ({ seed, prompt, since }: PictureMark): boolean =>
      db
        .select({ id: pictures.id })
        .from(pictures)
        .innerJoin(generations, eq(generations.picture, pictures.id))
        .where(and(eq(pictures.seed, seed), gte(pictures.created, since), eq(generations.prompt, prompt)))
        .limit(1)
        .get() !== undefined,
  }
}

function jobOf({ errorMessage, errorHint, request, ...row }: typeof table.$inferSelect): JobRow {
  const error = errorMessage === null ? null : { message: errorMessage, hint: errorHint ?? '' }
  const { kind, id, state, done, created, deaths, started } = row
  const common = { id, state, error, created, deaths, started }
  return kind === 'paint'
    ? { kind, ...common, request: request as PaintJob['request'], done }
    : { kind, ...common, ...(request as Pick<TrainJob, 'run' | 'name'>) }
}
