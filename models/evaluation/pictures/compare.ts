import type { CancelSignal } from '../../pipelines/cancel.ts'
import { pause } from '../../pipelines/cancel.ts'
import { type Estimate, type PicturesRow, type Report, type Scored, type Scoring, scorings } from '../report/report.ts'
import type { Scorer } from '../scorer.ts'
import { bootstrapDraws, type Counts, interval, mean, once, recovery, type Statistic } from '../statistics/draws.ts'
import { dot, type Features, rowOf } from '../statistics/features.ts'
import { meanPsnr, meanSquare } from '../statistics/psnr.ts'
import type { Suite } from '../suite.ts'
import type { Painted } from './painted.ts'
import { type Against, featuresOf, scoresOf } from './score.ts'
import { ends, floor, type Variant, type Variants } from './variants.ts'

interface CompareOptions {
  readonly painted: Painted
  readonly variants: Variants
  readonly suite: Suite
  readonly scorer: Scorer | undefined
  readonly signal?: CancelSignal | undefined
  readonly tell: (doing: string, done: number, total: number) => void
}

/** Compares what was painted: every method, and CFG's own neighbours, with CFG and with no guidance. */
export async function compare(options: CompareOptions): Promise<Pick<Report, 'methods' | 'brackets'>> {
  const { painted, variants, suite, scorer, signal, tell } = options
  const all = [...variants.methods, ...variants.brackets]
  const [none, cfg, other] = [ends.none, ends.cfg, floor].map(name => named(all, name)) as [Variant, Variant, Variant]
  const draws = bootstrapDraws(suite.pictures, suite.bootstrap, suite.seed)
  const fromCfg = (variant: Variant) => squares(painted, variant, cfg)
  const unguided = mean(await fromCfg(none))
  const against = scorer && (await againstOf(scorer, painted, other))
  const scored = async (variant: Variant) =>
    scorer && against && scoresOf(await featuresOf(scorer, painted, variant), captions(variant), against)
  const [start, end] = [await scored(none), await scored(cfg)]

  const rows = new Map<Variant, PicturesRow>()
  for (const variant of all) {
    await pause(signal)
    tell('comparing pictures', rows.size, all.length)
    const apart = await fromCfg(variant)
    const own = await scored(variant)
    rows.set(variant, {
      name: variant.name,
      passesPerStep: painted.passesPerStep(variant),
      psnr: meanPsnr(apart),
      recovery: estimate(
        recovery(mean(apart), unguided, () => 0),
        suite.pictures,
        draws,
      ),
      scored:
        own && start && end
          ? scoredRow(own, start, end, { examples: suite.pictures, draws, isReference: variant === other })
          : null,
    })
  }
  tell('comparing pictures', all.length, all.length)
  const of = (some: readonly Variant[]) => some.map(variant => rows.get(variant) as PicturesRow)
  return { methods: of(variants.methods), brackets: of(variants.brackets) }
}

type Scores = Readonly<Record<Scoring, Statistic>>

interface Drawn {
  readonly examples: number
  readonly draws: readonly Counts[]
  /** Whether it is what distances are measured to. */
  readonly isReference: boolean
}

function scoredRow(own: Scores, none: Scores, cfg: Scores, { examples, draws, isReference }: Drawn) {
  const entries = (Object.keys(scorings) as Scoring[]).map((name): [Scoring, Scored] => {
    const statistic = recovery(own[name], none[name], cfg[name])
    // What distances are measured to has none to itself.
    const isOwn = isReference && (name === 'frechet' || name === 'kernel')
    return [
      name,
      {
        value: own[name](once(examples)),
        recovery: isOwn ? { value: null, interval: null } : estimate(statistic, examples, draws),
      },
    ]
  })
  return Object.fromEntries(entries) as Record<Scoring, Scored>
}

function estimate(statistic: Statistic, examples: number, draws: readonly Counts[]): Estimate {
  const value = statistic(once(examples))
  return Number.isFinite(value) ? { value, interval: interval(statistic, draws) } : { value: null, interval: null }
}

/** How much less like the negated text pictures become by the guide, as a share of how much they do by CFG. */
export async function negatedShare({
  painted,
  variants,
  suite,
  scorer,
}: Pick<CompareOptions, 'painted' | 'variants' | 'suite' | 'scorer'>): Promise<Estimate | null> {
  const [denied] = variants.negatives.filter(({ name }) => name === 'cfg-with-negative')
  if (!scorer || !denied || denied.pictures.length === 0) return null
  const texts = await scorer.texts(denied.pictures.map(({ negative }) => negative))
  const likeness = async (name: string) => {
    const features = await featuresOf(scorer, painted, named(variants.negatives, name))
    return denied.pictures.map((_, i) => dot(rowOf(features, i), rowOf(texts, i)))
  }
  const change = async (method: string) => {
    const [without, with_] = [await likeness(`${method}-without-negative`), await likeness(`${method}-with-negative`)]
    return mean(without.map((value, i) => value - (with_[i] as number)))
  }
  const [guide, cfg] = [await change('guide'), await change('cfg')]
  const draws = bootstrapDraws(denied.pictures.length, suite.bootstrap, suite.seed)
  return estimate(counts => guide(counts) / cfg(counts), denied.pictures.length, draws)
}

const named = (variants: readonly Variant[], name: string): Variant =>
  variants.find(variant => variant.name === name) as Variant

const captions = ({ pictures }: Variant): string[] => pictures.map(({ prompt }) => prompt)

async function againstOf(scorer: Scorer, painted: Painted, other: Variant): Promise<Against> {
  const distinct = [...new Set(captions(other))]
  const texts: Features = await scorer.texts(distinct)
  return { captions: distinct, texts, scale: scorer.scale, reference: await featuresOf(scorer, painted, other) }
}

/** Mean squared differences of the pictures of two variants. */
async function squares(painted: Painted, a: Variant, b: Variant): Promise<number[]> {
  const each: number[] = []
  for (const index of a.pictures.keys())
    each.push(meanSquare((await painted.read(a, index)).pixels, (await painted.read(b, index)).pixels))
  return each
}
