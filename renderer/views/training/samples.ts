import type { TrainingDetail } from '../../../preload/contract/training.ts'

/** One picture of a prompt: without guidance, at a step, or with CFG. */
export interface Sample {
  readonly label: string
  readonly file: string
}

/** The pictures of one prompt and seed, from no guidance over every checkpoint to CFG. */
export interface SampleRow {
  readonly prompt: string
  readonly none: Sample | null
  readonly steps: readonly Sample[]
  readonly cfg: Sample | null
}

/** The samples by prompt. */
export function sampleRows({ samples, cfg, none, prompts }: TrainingDetail): SampleRow[] {
  const count = Math.max(prompts.length, cfg.length, none.length, ...samples.map(({ files }) => files.length))
  const sample = (label: string, file: string | undefined) => (file === undefined ? null : { label, file })
  return Array.from({ length: count }, (_, index) => ({
    prompt: prompts[index] ?? '',
    none: sample('No guidance', none[index]),
    steps: samples.flatMap(({ step, files }) => sample(`Step ${step.toLocaleString()}`, files[index]) ?? []),
    cfg: sample('CFG', cfg[index]),
  }))
}

/** All pictures of a row in the order in which they improve. */
export const inOrder = ({ none, steps, cfg }: SampleRow): Sample[] =>
  [none, ...steps, cfg].filter(sample => sample !== null)
