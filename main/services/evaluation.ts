import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join, parse, resolve } from 'node:path'
import { asBase } from '../../models/checkpoint/as-base.ts'
import { asGuide } from '../../models/checkpoint/as-guide.ts'
import type { Overrides } from '../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { fingerprint } from '../../models/engine/fingerprint.ts'
import { UserError } from '../../models/errors.ts'
import { evaluate } from '../../models/evaluation/evaluate.ts'
import { type PairingScore, pairingScore } from '../../models/evaluation/pairing-score.ts'
import type { Report } from '../../models/evaluation/report/report.ts'
import { readSuite, type Suite } from '../../models/evaluation/suite.ts'
import { assemble, type Pipeline } from '../../models/pipelines/assemble.ts'
import { loadGuide } from '../../models/pipelines/guide.ts'
import type { Target } from '../../models/runtime/target.ts'
import { writeText } from '../../models/tensor/atomically.ts'
import { claimRun } from '../../models/training/run/claim.ts'
import { readPrompts } from '../../models/training/states/prompts.ts'
import { stemOf } from '../library/facts.ts'
import { shipped } from '../paths.ts'

/** A base and a guide for it. */
export interface ModelPair {
  /** Paths. */
  readonly base: string
  readonly guide: string
  /** What is said of the base for good. */
  readonly overrides?: Overrides | undefined
}

interface ScoringOptions {
  readonly target: Target
  readonly signal: AbortSignal
}

/** The pairing score of a guide on a base. Throws `UserError` where one cannot be used or they do not fit. */
export async function scorePair(pair: ModelPair, { target, signal }: ScoringOptions): Promise<PairingScore> {
  return withPipeline(pair, target, async pipeline => {
    const guide = await loadGuide(asGuide(await describeModel(pair.guide)), pipeline.base)
    return pairingScore(pipeline, guide, { prompts: await readPrompts(await listAt(scenes)), signal })
  })
}

/** Prompts that every base can paint: short, and of things that all know. */
const scenes = 'emoji-scenes'

interface EvaluationOptions extends ScoringOptions {
  /** Path of a suite, or the name of a shipped one. */
  readonly suite: string
  /** Path of a text file, or the name of a shipped list; the suite's own where it is left out. */
  readonly prompts: string | undefined
  /** Path of a scorer. */
  readonly scorer: string | undefined
  /** Where the report goes; a folder of its own in DATA/evaluations where it is left out. */
  readonly folder: string | undefined
  /** Data folder. */
  readonly data: string
  readonly tell: (doing: string, done: number, total: number) => void
}

/** A report, and where it lies. */
export interface Evaluation extends Report {
  readonly folder: string
}

/** Evaluates a guide on a base; goes on where the folder holds the beginning of it. Throws `UserError`. */
export async function runEvaluation(pair: ModelPair, options: EvaluationOptions): Promise<Evaluation> {
  const { target, scorer, data, signal, tell } = options
  const suite = await suiteOf(options)
  const prompts = await readPrompts(suite.prompts)
  const names = { base: stemOf(resolve(pair.base)), guide: stemOf(pair.guide) }
  const folder = resolve(
    options.folder ?? join(data, 'evaluations', [names.base, names.guide, suite.name].join('-').toLowerCase()),
  )
  await mkdir(folder, { recursive: true })
  await using closing = new AsyncDisposableStack()
  await claimRun(folder, closing)
  await requireSame(folder, { suite, ...names, files: await filesOf(pair) })
  const report = await withPipeline(pair, target, async pipeline =>
    evaluate({
      ...{ pipeline, suite, prompts, scorer, folder, signal, tell, names },
      guide: asGuide(await describeModel(pair.guide)),
    }),
  )
  return { folder, ...report }
}

async function withPipeline<T>(
  { base, overrides }: ModelPair,
  target: Target,
  work: (pipeline: Pipeline) => Promise<T>,
): Promise<T> {
  const pipeline = await assemble(asBase(await describeModel(base, overrides)), { merges: shipped.merges, target })
  try {
    return await work(pipeline)
  } finally {
    await pipeline.sessions.release()
  }
}

const filesOf = async ({ base, guide }: ModelPair): Promise<string[]> => [
  await fingerprint(base),
  await fingerprint(guide),
]

/** What a folder holds must be of the same models and the same suite. */
async function requireSame(folder: string, about: object): Promise<void> {
  const file = join(folder, 'evaluation.json')
  const text = `${JSON.stringify(about, undefined, 2)}\n`
  const known = await readFile(file, 'utf8').catch(() => undefined)
  if (known === undefined) {
    const inside = (await readdir(folder)).filter(name => name !== 'running')
    if (inside.length > 0)
      throw new UserError(`${folder} holds something else than an evaluation.`, 'Choose another folder with --out.')
    await writeText(file, text)
  } else if (known !== text)
    throw new UserError(
      `${folder} holds an evaluation of other models, or by another suite.`,
      'Choose another folder with --out, or delete it.',
    )
}

async function suiteOf({ suite: given, prompts }: EvaluationOptions): Promise<Suite> {
  const path = await shippedOr(given, shipped.suites, '.json', 'suite')
  const suite = await readSuite(path)
  return { ...suite, prompts: await listAt(prompts ?? suite.prompts) }
}

const listAt = (given: string): Promise<string> => shippedOr(given, shipped.prompts, '.txt', 'list of prompts')

/** The path of a shipped file by its name, or the path that was given. */
async function shippedOr(given: string, folder: string, ending: string, what: string): Promise<string> {
  if (/[/\\]/.test(given) || given.endsWith(ending)) return resolve(given)
  const names = (await readdir(folder)).filter(file => file.endsWith(ending)).map(file => parse(file).name)
  if (names.includes(given)) return join(folder, `${given}${ending}`)
  throw new UserError(`There is no ${what} ${given}.`, `Give the path of one, or one of ${names.join(', ')}.`)
}
