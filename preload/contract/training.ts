import { z } from 'zod'
import type { ServiceShape } from './service.ts'

/** How long a guide is trained: what each costs is measured, see `estimate`. */
export const qualityNames = ['quick', 'good', 'best'] as const

/** Prompts of the studio's own, by name. */
export const promptLists = ['general', 'emoji-scenes'] as const

/** What a person asks for: a guide for a base, from prompts alone. */
export const guideRequest = z.object({
  /** The guide's title. */
  name: z.string().trim().min(1, { error: 'must not be empty' }).max(80, { error: 'must have at most 80 characters' }),
  /** Id of a base of the library. */
  base: z.string(),
  prompts: z.union([
    z.object({ list: z.enum(promptLists) }),
    /** One prompt a line, as a text file has them. */
    z.object({ text: z.string().max(2_000_000, { error: 'must have at most 2,000,000 characters' }) }),
  ]),
  quality: z.enum(qualityNames),
})
export type GuideRequest = z.infer<typeof guideRequest>

/** What training on a base takes on this computer, from one measured step. */
export const trainingEstimate = z.object({
  /** Seconds of one step of `examples`. */
  secondsPerStep: z.number(),
  examples: z.int(),
  /** Peak memory of the measured process, in MiB. */
  memory: z.number(),
  /** Seconds from the beginning to the guide, preparation included, and steps, by quality. */
  qualities: z.record(z.enum(qualityNames), z.object({ seconds: z.number(), steps: z.int() })),
})
export type TrainingEstimate = z.infer<typeof trainingEstimate>

/**
 * `queued` waits in the queue, `stopped` was stopped by the person and can be gone on with, `failed` likewise once what
 * was wrong is mended.
 */
const runStates = ['queued', 'running', 'stopped', 'failed', 'done'] as const

/** A guide that is, was or shall be trained. */
export const trainingRun = z.object({
  /** Its folder's name below DATA/runs. */
  id: z.string(),
  name: z.string(),
  state: z.enum(runStates),
  /** Its job, where it is in the queue. */
  job: z.int().nullable(),
  /** Id of the base where the library still has it, and its name. */
  base: z.string().nullable(),
  baseName: z.string(),
  quality: z.enum(qualityNames).nullable(),
  step: z.int(),
  steps: z.int(),
  /** Share of CFG's effect that is missing at the guidance scale 4, last measured: 1 is no guidance, 0 is CFG. */
  error: z.number().nullable(),
  /** Id of the guide in the library, once it is done. */
  guide: z.string().nullable(),
  /** Why it failed. */
  problem: z.object({ message: z.string(), hint: z.string() }).nullable(),
  /** Milliseconds since 1970. */
  created: z.int(),
})
export type TrainingRun = z.infer<typeof trainingRun>

/** What a run has come to: its curves and its pictures. */
export const trainingDetail = z.object({
  /** At most 500 points, each the mean of the steps that it stands for. */
  curve: z.array(z.object({ step: z.int(), loss: z.number() })),
  /** Errors on what is kept aside, by guidance scale, at every checkpoint: `{ step: 60, errors: { 2: .89, 4: .89, 8: .91 } }`. */
  errors: z.array(z.object({ step: z.int(), errors: z.record(z.string(), z.number()) })),
  /** Sample pictures, the first ones first; the same prompts and seeds each time. Files are asked for at `/run/<id>/<file>`. */
  samples: z.array(z.object({ step: z.int(), files: z.array(z.string()) })),
  /** The same prompts and seeds painted with classifier-free guidance and without guidance; empty until they are there. */
  cfg: z.array(z.string()),
  none: z.array(z.string()),
  prompts: z.array(z.string()),
})
export type TrainingDetail = z.infer<typeof trainingDetail>

/** Where the running training stands. */
export const trainingProgress = z.object({
  run: z.string(),
  /** What is prepared: `asking the teacher`; null while it trains. */
  doing: z.string().nullable(),
  done: z.int(),
  total: z.int(),
  /** Running mean; null while something is prepared. */
  loss: z.number().nullable(),
  examplesPerSecond: z.number().nullable(),
  secondsLeft: z.number().nullable(),
})
export type TrainingProgress = z.infer<typeof trainingProgress>

const id = z.object({ run: z.string() })
const nothing = z.object({})

export const training = {
  methods: {
    /** Measures one step on a base; takes seconds to minutes. A new one takes the place of one that is going on. */
    estimate: { input: z.object({ base: z.string() }), output: trainingEstimate },
    cancelEstimate: { input: nothing, output: nothing },
    /** Puts the training of a guide into the queue. Pictures that are asked for meanwhile are painted first. */
    begin: { input: guideRequest, output: trainingRun },
    /** Newest first. */
    runs: { input: nothing, output: z.array(trainingRun) },
    detail: { input: id, output: trainingDetail },
    /** Ends at a checkpoint; nothing is lost. */
    stop: { input: id, output: nothing },
    /** Puts a run that was stopped or failed into the queue again. */
    goOn: { input: id, output: trainingRun },
    /** Deletes a run that is not in the queue with its folder; a guide that it made stays in the library. */
    remove: { input: id, output: nothing },
  },
  events: {
    /** All runs, whenever one changes its state or reaches a checkpoint. */
    changed: z.array(trainingRun),
    progress: trainingProgress,
  },
} as const satisfies ServiceShape
