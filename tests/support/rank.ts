import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { shipped } from '../../main/paths.ts'
import { asBase } from '../../models/checkpoint/as-base.ts'
import { asGuide } from '../../models/checkpoint/as-guide.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { pairingScore } from '../../models/evaluation/pairing-score.ts'
import { compare } from '../../models/evaluation/pictures/compare.ts'
import { openPainted } from '../../models/evaluation/pictures/painted.ts'
import { variantsOf } from '../../models/evaluation/pictures/variants.ts'
import { suiteSchema } from '../../models/evaluation/suite.ts'
import { assemble } from '../../models/pipelines/assemble.ts'
import { loadGuide } from '../../models/pipelines/guide.ts'
import { readPrompts } from '../../models/training/states/prompts.ts'
import { between, type Change, changeBase, damaged, shuffledTokens } from './changed-base.ts'

/** Makes bases that a guide suits well to badly, and gives their paths by name. */
export async function makeBases(folder: string, { demo, tune }: { demo: string; tune?: string | undefined }) {
  const made = new Map([['base', demo]])
  const make = async (name: string, network: 'unet' | 'text', change: Change) => {
    const path = join(folder, name.replaceAll(' ', '-'))
    await changeBase(demo, path, network, change)
    made.set(name, path)
  }
  if (tune !== undefined) {
    made.set('tune', tune)
    for (const share of [0.5, 1.5, 2]) await make(`${share} of the way to tune`, 'unet', await between(tune, share))
  }
  for (const strength of [0.1, 0.2, 0.4, 0.8]) await make(`damaged by ${strength}`, 'unet', damaged(strength))
  await make('shuffled tokens', 'text', shuffledTokens)
  return made
}

export interface Ranked {
  readonly name: string
  /** By the pairing score, and by the pictures of the same seeds. */
  readonly score: number
  readonly evaluated: number
  readonly seconds: number
}

/** Scores a guide on each base in both ways. */
export async function rankBases(
  bases: ReadonlyMap<string, string>,
  guidePath: string,
  { folder, pictures, steps }: { folder: string; pictures: number; steps: number },
): Promise<Ranked[]> {
  const list = join(shipped.prompts, 'emoji-scenes.txt')
  const prompts = await readPrompts(list)
  const suite = suiteSchema.parse({
    ...{ name: 'rank', prompts: list, steps, guidance: 4, pictures, methods: ['guide'], bootstrap: 0 },
    ...{ seed: 1000, states: { prompts: 1, steps: 1, guidance: [4] } },
    ...{ negatives: { pictures: 0, pairs: [] }, grid: { prompts: 0, guidance: [4] } },
  })
  const ranked: Ranked[] = []
  for (const [name, path] of bases) {
    const start = performance.now()
    const pipeline = await assemble(asBase(await describeModel(path)), { merges: shipped.merges })
    const guide = await loadGuide(asGuide(await describeModel(guidePath)), pipeline.base)
    const { recovery: score } = await pairingScore(pipeline, guide, { prompts })
    const seconds = (performance.now() - start) / 1000
    // Other prompts than those of the score.
    const variants = { ...variantsOf(suite, prompts.slice(100)), brackets: [] }
    const own = join(folder, 'pictures', name)
    await mkdir(own, { recursive: true })
    const painted = await openPainted({ pipeline, guide, folder: own, onPicture: () => {} })
    for (const variant of variants.methods) await painted.paint(variant)
    await pipeline.sessions.release()
    const { methods } = await compare({ painted, variants, suite, scorer: undefined, tell: () => {} })
    const evaluated = methods.find(row => row.name === 'guide')?.recovery.value ?? Number.NaN
    ranked.push({ name, score, evaluated, seconds })
  }
  return ranked
}

/** Spearman's rank correlation of two lists of numbers without ties. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const ranks = (values: readonly number[]) => values.map(value => values.filter(other => other < value).length)
  const [x, y] = [ranks(a), ranks(b)]
  const squares = x.reduce((sum, rank, i) => sum + (rank - (y[i] as number)) ** 2, 0)
  return 1 - (6 * squares) / (a.length * (a.length ** 2 - 1))
}
