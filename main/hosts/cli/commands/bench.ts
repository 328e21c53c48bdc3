import { Command } from 'commander'
import {
  deviceNames,
  type GenerateRequest,
  methodNames,
  placement,
  precisionNames,
} from '../../../../preload/contract/generation.ts'
import { type CommonOptions, common, run, UsageError } from '../run.ts'

interface Options extends CommonOptions {
  readonly compare: string
  readonly base?: string
  readonly guide?: string
  readonly device?: GenerateRequest['device']
  readonly precision?: GenerateRequest['precision']
  readonly width?: number
  readonly height?: number
  readonly steps: number
  readonly guidance: number
  readonly rounds: number
}

export const bench = (): Command =>
  common(new Command('bench'))
    .description('measure what each guidance method takes, side by side')
    .option(
      '--compare <methods>',
      `some of ${methodNames.join(', ')}; guide:N and reuse:N (every N-th step is true), cfg-apart (two passes, not one batch of two); ratios are to the first, PSNR is to cfg`,
      'none,guide,cfg,cfg-apart',
    )
    .option('--base <path>', 'model file or folder (default: the demo model)')
    .option('--guide <path>', 'guide file (default: the demo guide)')
    .option('--device <name>', `${deviceNames.join(', ')} (default: the fastest that computes rightly)`)
    .option('--precision <bits>', `${precisionNames.join(', ')} of the UNet's numbers (default: fp32)`)
    .option('--width <pixels>', "default: the base's own", Number)
    .option('--height <pixels>', "default: the base's own", Number)
    .option('--steps <n>', 'steps of each picture', Number, 16)
    .option('--guidance <w>', 'guidance scale', Number, 4)
    .option('--rounds <n>', 'pictures of each method', Number, 5)
    .action(({ compare, json, dataDir, base, guide, width, height, ...numbers }: Options) =>
      run({ json, dataDir }, async signal => {
        for (const [name, value] of Object.entries({ steps: numbers.steps, rounds: numbers.rounds }))
          if (!(Number.isSafeInteger(value) && value > 0))
            throw new UsageError(`--${name}: must be a whole number above 0.`)
        const { bench: measure, benchVariant } = await import('../../../services/bench.ts')
        const methods = compare.split(',').map(name => benchVariant(name) ?? unknown(name))
        if (guide !== undefined && !methods.some(({ method }) => method === 'guide'))
          throw new UsageError('--guide: guide is not among the methods that are compared.')
        const { device, precision } = placement.parse(numbers)
        const { openDevices } = await import('../../../services/devices.ts')
        const target = await openDevices().target({ device, precision })
        const onRound = (done: number, total: number) => console.error(`${done} of ${total} rounds`)
        const results = await measure({ methods, base, guide, width, height, ...numbers, target, signal, onRound })
        if (json) return console.log(JSON.stringify({ methods: Object.fromEntries(results) }))
        console.log('method      passes a step   seconds a step   seconds a picture   ratio   PSNR to cfg')
        for (const [name, { passesPerStep, secondsPerStep, secondsPerPicture, ratio, psnr }] of results)
          console.log(
            [
              name.padEnd(11),
              passesPerStep.toFixed(2).padStart(13),
              secondsPerStep.toFixed(4).padStart(16),
              secondsPerPicture.toFixed(3).padStart(19),
              ratio.toFixed(3).padStart(7),
              (psnr === null ? '-' : `${psnr.toFixed(1)} dB`).padStart(13),
            ].join(' '),
          )
      }),
    )

function unknown(name: string): never {
  throw new UsageError(`--compare: ${name} is none of ${methodNames.join(', ')}, guide:N, reuse:N, cfg-apart.`)
}
