import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { GuideCheckpoint } from '../checkpoint/checkpoint.ts'
import type { Pipeline } from '../pipelines/assemble.ts'
import { type CancelSignal, pause } from '../pipelines/cancel.ts'
import { loadGuide } from '../pipelines/guide.ts'
import { nativeCells } from '../pipelines/native-cells.ts'
import { writeText } from '../tensor/atomically.ts'
import { compare, negatedShare } from './pictures/compare.ts'
import { openPainted } from './pictures/painted.ts'
import { variantsOf } from './pictures/variants.ts'
import type { Report } from './report/report.ts'
import { writeReport } from './report/write.ts'
import { openScorer } from './scorer.ts'
import { lookAtStates, type StatesRow } from './states/look.ts'
import { negativeShare } from './states/negatives.ts'
import { openStates } from './states/open.ts'
import type { Suite } from './suite.ts'

export interface EvaluateOptions {
  readonly pipeline: Pipeline
  readonly guide: GuideCheckpoint
  /** How the report names them. */
  readonly names: Pick<Report, 'base' | 'guide'>
  readonly suite: Suite
  readonly prompts: readonly string[]
  /** Path of a scorer; what needs one is left out where there is none. */
  readonly scorer: string | undefined
  /** Where everything is kept; what is there already is not made again. */
  readonly folder: string
  readonly signal?: CancelSignal | undefined
  readonly tell: (doing: string, done: number, total: number) => void
}

/**
 * Measures how near a guide and the other methods come to CFG on a base, and writes the report into the folder. A run that
 * was killed goes on where it was. Throws `UserError` where something cannot be used, and the signal's reason.
 */
export async function evaluate(options: EvaluateOptions): Promise<Report> {
  const { pipeline, suite, prompts, folder, signal, tell, names } = options
  await using closing = new AsyncDisposableStack()
  const guide = await loadGuide(options.guide, pipeline.base)
  const tokenizer = pipeline.base.textEncoders[0]?.tokenizer
  const { vocab, merges } = { vocab: undefined, ...tokenizer }
  const own = merges !== undefined && vocab !== undefined ? { merges, vocab } : undefined
  const scorer = options.scorer === undefined ? undefined : await openScorer(options.scorer, own, closing)
  const variants = variantsOf(suite, prompts)
  const isNegated = scorer !== undefined
  // Those of one session after one another: the base's weights are held once.
  const painting = [
    ...variants.methods,
    ...variants.brackets,
    ...(isNegated ? variants.negatives : []),
    ...variants.grid.flat(),
  ].toSorted((a, b) => Number(a.method === 'guide') - Number(b.method === 'guide'))
  const total = painting.reduce((sum, { pictures }) => sum + pictures.length, 0)
  const painted = await openPainted({
    ...{ pipeline, guide, folder, signal },
    onPicture: () => tell('painting', painted.there(painting), total),
  })
  tell('painting', painted.there(painting), total)
  for (const variant of painting) await painted.paint(variant)

  const { rows: states, predictions } = await lookAt(options, guide)
  const report: Report = {
    ...names,
    suite,
    scorer: options.scorer ?? null,
    states,
    ...(await compare({ painted, variants, suite, scorer, signal, tell })),
    negatives: { predictions, pictures: await negatedShare({ painted, variants, suite, scorer }) },
  }
  await pause(signal)
  await writeReport(folder, report, { painted, variants })
  return report
}

interface Looked {
  readonly rows: readonly StatesRow[]
  readonly predictions: number | null
}

/** The states' part, guidance scale by guidance scale; what is done of it is kept in `states.json`. */
async function lookAt(
  { pipeline, suite, prompts, folder, signal, tell }: EvaluateOptions,
  guide: Awaited<ReturnType<typeof loadGuide>>,
): Promise<Looked> {
  const { states, seed, negatives, guidance } = suite
  const file = join(folder, 'states.json')
  const kept: { scales: Record<string, readonly StatesRow[]>; predictions?: number | null } = await readFile(
    file,
    'utf8',
  )
    .then(text => JSON.parse(text))
    .catch(() => ({ scales: {} }))
  await using closing = new AsyncDisposableStack()
  const asked = Array.from({ length: states.prompts }, (_, i) => prompts[i % prompts.length] as string)
  const { pairs } = negatives
  const texts = [...new Set(['', ...asked, ...pairs.flatMap(({ prompt, negative }) => [prompt, negative])])]
  const cache = join(folder, 'cache')
  await mkdir(cache, { recursive: true })
  const cells = nativeCells(pipeline.base)
  const { journey } = await openStates({ pipeline, guide, texts, cells, cache, closing, signal, tell })
  const plain = (prompt: string) => ({ positive: texts.indexOf(prompt), negative: 0 })
  const all = states.guidance.length + 1
  const { trainTimesteps } = pipeline.schedule
  for (const [i, w] of states.guidance.entries()) {
    tell('looking at states', i, all)
    kept.scales[w] ??= await lookAtStates(journey(asked.map(plain), w, states.steps), { seed, trainTimesteps })
    await writeText(file, JSON.stringify(kept))
  }
  tell('looking at states', all - 1, all)
  if (kept.predictions === undefined && pairs.length > 0) {
    const own = journey(
      pairs.map(({ prompt }) => plain(prompt)),
      guidance,
      states.steps,
    )
    const places = pairs.map(({ negative }) => texts.indexOf(negative))
    kept.predictions = (await negativeShare(own, places, seed)) ?? null
    await writeText(file, JSON.stringify(kept))
  }
  tell('looking at states', all, all)
  return { rows: states.guidance.flatMap(w => kept.scales[w] ?? []), predictions: kept.predictions ?? null }
}
