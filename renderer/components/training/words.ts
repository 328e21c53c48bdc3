import type { GuideRequest, TrainingProgress, TrainingRun } from '../../../preload/contract/training.ts'
import { span } from '../../text.ts'

/** The three qualities: how long each trains is measured. */
export const qualityWords: Readonly<Record<GuideRequest['quality'], { label: string; note: string }>> = {
  quick: { label: 'Quick', note: 'To see what a guide does' },
  good: { label: 'Good', note: 'For painting' },
  best: { label: 'Best', note: 'Closest to CFG' },
}

/** The lists of prompts to choose from; `own` are the person's. */
export const sourceWords = {
  general: {
    label: 'General',
    note: 'People, animals, places and things in many media. For bases that paint anything.',
  },
  'emoji-scenes': { label: 'Emoji scenes', note: 'What the demo model paints. For it and its fine-tunes.' },
  own: { label: 'My own', note: 'What you paint, one prompt a line. Some hundreds of different ones teach most.' },
} as const

/** The error in words: what is measured, and between which ends. */
export const errorWord =
  "Share of CFG's effect that is missing, on noise that is kept aside: 100% is no guidance, 0% is CFG."

/** `41%`: whole, and never 100% before it is done. */
export const wholePercent = (done: number, total: number): string =>
  `${total > 0 ? Math.min(99, Math.floor((100 * done) / total)) : 0}%`

/** Steps that are done: what is told of the running training is newer than its last checkpoint. */
export const stepOf = (run: TrainingRun, progress: TrainingProgress | null): number =>
  progress !== null && progress.doing === null ? Math.max(progress.done, run.step) : run.step

/**
 * Where a run stands, as short as can be: `asking the teacher, 12%`, `41%, 32 min left`, `stopped at step 250 of 600`.
 * @param painting whether pictures are painted now: they go first
 */
export function standing(run: TrainingRun, progress: TrainingProgress | null, painting: boolean): string {
  const { state, step, steps } = run
  if (state === 'done') return 'done'
  if (state === 'failed') return step > 0 ? `failed at step ${step} of ${steps}` : 'failed'
  if (state === 'stopped') return step > 0 ? `stopped at step ${step} of ${steps}` : 'stopped'
  if (painting) return 'waits while pictures are painted'
  if (state === 'queued') return 'waits for its turn'
  if (progress?.doing)
    return [progress.doing, ...(progress.total > 1 ? [wholePercent(progress.done, progress.total)] : [])].join(', ')
  const left = progress?.secondsLeft ?? null
  return [wholePercent(stepOf(run, progress), steps), ...(left === null ? [] : [`${span(left)} left`])].join(', ')
}
