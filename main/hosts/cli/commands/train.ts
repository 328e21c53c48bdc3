import { Command } from 'commander'
import type { TrainProgress } from '../../../../models/training/train.ts'
import { dataFolder } from '../../../paths.ts'
import { type CommonOptions, common, run } from '../run.ts'
import { asLines, duration } from '../text.ts'

interface Options extends CommonOptions {
  readonly run?: string
  readonly resume?: boolean
}

export const train = (): Command =>
  common(new Command('train'))
    .description('train a guide, a base, a LoRA, a VAE or a scorer as a recipe says')
    .argument('<recipe>', 'path of a recipe, or the name of a shipped one')
    .option('--run <folder>', "the run's folder (default: named like the recipe, in the data folder)")
    .option('--resume', 'go on with the run that is there')
    .action((recipe: string, { json, dataDir, run: folder, resume = false }: Options) =>
      run({ json, dataDir }, async signal => {
        const { runTraining } = await import('../../../services/training.ts')
        const data = dataFolder(dataDir)
        const trained = await runTraining({ recipe, folder, data, resume, signal, onProgress: teller() })
        console.log(json ? JSON.stringify(trained) : asLines(trained))
      }),
    )

/** Tells progress on stderr: where something begins and ends, and in between at most every two seconds. */
function teller(): (progress: TrainProgress) => void {
  let last = Number.NEGATIVE_INFINITY
  let before: TrainProgress['phase'] | undefined
  return progress => {
    const isNew = progress.phase !== before
    before = progress.phase
    const isEnd = progress.phase === 'train' ? progress.step === progress.steps : progress.done === progress.total
    if (!isEnd && !isNew && performance.now() - last < 2000) return
    last = performance.now()
    console.error(line(progress))
  }
}

function line(progress: TrainProgress): string {
  if (progress.phase === 'prepare') return `${progress.doing}: ${progress.done} of ${progress.total}`
  const { step, steps, loss, examplesPerSecond, secondsLeft } = progress
  return `step ${step} of ${steps}: loss ${loss.toPrecision(4)}, ${examplesPerSecond.toFixed(1)} examples a second, ${duration(secondsLeft)} left`
}
