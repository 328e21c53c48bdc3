import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { shipped } from '../../main/paths.ts'
import { type BenchResult, bench, benchVariant } from '../../main/services/bench.ts'
import { openRecipe } from '../../main/services/training.ts'
import { asBase } from '../../models/checkpoint/as-base.ts'
import { asGuide } from '../../models/checkpoint/as-guide.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { type GuideKindName, guideKindNames } from '../../models/networks/guide/index.ts'
import { pair } from '../../models/pipelines/pairing.ts'
import { onCpu } from '../../models/runtime/target.ts'
import type { RecipeOf } from '../../models/training/recipe.ts'
import { trainRecipe } from '../../models/training/stages.ts'

/**
 * `npm run compare:kinds -- [--recipe NAME|PATH] [--run FOLDER] [--kinds agd,dice] [--sizes 0.01,0.05] [--rounds N]`:
 * trains a guide of every kind and size as one recipe says, on the same base, states and order of examples, then says
 * what each takes and reaches, as `kinds.md` and `kinds.json` in the folder. Goes on where it was stopped.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      recipe: { type: 'string', default: 'compare-kinds' },
      run: { type: 'string', default: 'runs/compare-kinds' },
      kinds: { type: 'string', default: guideKindNames.join() },
      sizes: { type: 'string', default: '0.01,0.05' },
      rounds: { type: 'string', default: '16' },
    },
  })
  const { recipe } = await openRecipe(values.recipe)
  if (recipe.objective !== 'guide') throw new Error(`${values.recipe} trains no guide`)
  const kinds = values.kinds.split(',').map(name => guideKindNames.find(kind => kind === name) ?? unknown(name))
  const folder = resolve(values.run)
  const rows: Row[] = []
  for (const size of values.sizes.split(',').map(Number))
    for (const kind of kinds) {
      rows.push(await compared({ ...recipe, kind, size }, folder, Number(values.rounds)))
      await writeFile(join(folder, 'kinds.json'), `${JSON.stringify(rows, undefined, 2)}\n`)
      await writeFile(join(folder, 'kinds.md'), table(rows))
    }
  console.log(table(rows))
}

interface Row {
  readonly kind: GuideKindName
  /** As shares of the base: its parameters, and the multiplications of a pass. */
  readonly parameters: number
  readonly arithmetic: number
  /** Time of a step against that of the base alone, side by side. */
  readonly time: number
  /** Normalised guidance error on what was kept aside, by guidance scale and sort of state. */
  readonly scores: Readonly<Record<string, number>>
  /** Of same-seed pictures to those of CFG at w = 4, in dB, and that of pictures without guidance. */
  readonly psnr: number
  readonly psnrNone: number
  readonly hours: number
}

/** Trains one guide, or takes the one that is there, and measures it. */
async function compared(recipe: RecipeOf<'guide'>, folder: string, rounds: number): Promise<Row> {
  const name = `${recipe.kind}-${recipe.size}`
  const cache = join(folder, 'cache')
  await mkdir(cache, { recursive: true })
  const { result, scores, hours } = await trainRecipe(recipe, {
    ...{ folder: join(folder, name), cache, resume: 'auto', merges: shipped.merges },
    onProgress(progress) {
      if (progress.phase === 'prepare') return
      const { step, steps, loss, secondsLeft } = progress
      if (step % 20 === 0 || step === steps)
        console.error(`${name}: step ${step} of ${steps}, loss ${loss.toFixed(4)}, ${Math.round(secondsLeft)} s left`)
    },
  })
  const guide = asGuide(await describeModel(result))
  const pairing = pair(guide, asBase(await describeModel(recipe.base)))
  const methods = ['none', 'guide', 'cfg'].flatMap(method => benchVariant(method) ?? [])
  const measured = await bench({
    ...{ methods, rounds, base: recipe.base, guide: result, target: onCpu, width: undefined, height: undefined },
    ...{ steps: 16, guidance: 4, signal: new AbortController().signal },
  })
  const [none, guided] = ['none', 'guide'].map(method => measured.get(method)) as [BenchResult, BenchResult]
  return {
    ...{ kind: recipe.kind, scores, hours },
    ...{ parameters: pairing.parametersRatio as number, arithmetic: pairing.arithmeticRatio as number },
    ...{ time: guided.ratio, psnr: guided.psnr as number, psnrNone: none.psnr as number },
  }
}

function table(rows: readonly Row[]): string {
  const percent = (share: number) => `${(100 * share).toFixed(2)}%`
  const errors = (scores: Row['scores'], sort: string) =>
    [2, 4, 8].map(w => (scores[`error w=${w} ${sort}`] ?? Number.NaN).toFixed(2)).join(' / ')
  const lines = rows.map(({ kind, parameters, arithmetic, time, scores, psnr, psnrNone }) => [
    ...[`\`${kind}\``, percent(parameters), `+${percent(arithmetic)}`, time.toFixed(2)],
    ...[errors(scores, 'noised'), errors(scores, 'teacher'), `${psnr.toFixed(1)} dB (none ${psnrNone.toFixed(1)})`],
  ])
  const head = [
    ...['kind', 'parameters', 'arithmetic', 'time against `none`'],
    ...['error at w = 2 / 4 / 8, noised', "on CFG's way", 'PSNR to CFG, w = 4'],
  ]
  return [head, head.map(() => '---'), ...lines].map(cells => `| ${cells.join(' | ')} |\n`).join('')
}

function unknown(name: string): never {
  throw new Error(`${name} is none of ${guideKindNames.join(', ')}`)
}

await main()
