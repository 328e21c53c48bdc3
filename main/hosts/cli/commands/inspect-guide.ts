import { Command } from 'commander'
import { shipped } from '../../../paths.ts'
import { type CommonOptions, common, run, UsageError } from '../run.ts'

interface Options extends CommonOptions {
  readonly base: string
  readonly guide: string
  readonly prompt: string
  readonly negative: string
  readonly guidance: string
  readonly steps: number
  readonly seed: number
  readonly width?: number
  readonly height?: number
  readonly out: string
}

/** Scales that one look may take, and steps of each. */
const most = { scales: 6, guidance: 30, steps: 200 }

export const inspectGuide = (): Command =>
  common(new Command('inspect-guide'))
    .description('look at a guide at work: what it changes, where, when and how much, as pictures and tables')
    .option('--base <path>', 'model file or folder (default: the demo model)', shipped.demo)
    .option('--guide <path>', 'guide file (default: the demo guide)', shipped.guide)
    .option('--prompt <text>', 'what is painted meanwhile', 'a big fox on a yellow background')
    .option('--negative <text>', 'what is kept out', '')
    .option('--guidance <w,...>', 'guidance scales, each above 1', '2,4,8')
    .option('--steps <n>', 'steps of each picture', Number, 16)
    .option('--seed <n>', 'seed of the picture', Number, 0)
    .option('--width <pixels>', "default: the base's own", Number)
    .option('--height <pixels>', "default: the base's own", Number)
    .requiredOption('--out <folder>', 'where the pictures and tables are written')
    .action(({ json, dataDir, guidance, out, ...options }: Options) =>
      run({ json, dataDir }, async signal => {
        const scales = guidance.split(',').map(Number)
        if (scales.length > most.scales || !scales.every(w => w > 1 && w <= most.guidance))
          throw new UsageError(
            `--guidance: must be up to ${most.scales} numbers above 1 and up to ${most.guidance}, as 2,4,8.`,
          )
        if (!(Number.isInteger(options.steps) && options.steps > 0 && options.steps <= most.steps))
          throw new UsageError(`--steps: must be a whole number from 1 to ${most.steps}.`)
        if (!(Number.isSafeInteger(options.seed) && options.seed >= 0))
          throw new UsageError('--seed: must be a whole number.')
        const { lookAtGuide } = await import('../../../services/guide-look.ts')
        const { writeGuideFigures } = await import('../../../figures/guide.ts')
        const onStep = (done: number, total: number) => {
          if (done % options.steps === 0) console.error(`${done} of ${total} steps`)
        }
        const seen = await lookAtGuide({ ...options, scales, signal, onStep })
        const files = await writeGuideFigures(out, seen)
        const results = seen.map(({ guidance, steps }) => ({
          guidance,
          steps: steps.map(({ timestep, all, effective, error }) => ({ timestep, ...all, effective, error })),
        }))
        console.log(json ? JSON.stringify({ files, results }) : files.join('\n'))
      }),
    )
