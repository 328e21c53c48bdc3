import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { dataFolder } from '../../../paths.ts'
import { modelPair, type PairOptions } from '../model-pair.ts'
import { type CommonOptions, common, run } from '../run.ts'
import { duration } from '../text.ts'

interface Options extends CommonOptions, PairOptions {
  readonly suite: string
  readonly prompts?: string
  readonly scorer?: string
  readonly out?: string
}

export const evaluate = (): Command =>
  common(new Command('evaluate'))
    .description('measure how near a guide and the other methods come to CFG on a base; goes on where it was stopped')
    .requiredOption('--base <id|path>', 'a model of the library, or its file or folder')
    .requiredOption('--guide <id|path>', 'a guide of the library, or its file')
    .option(
      '--suite <name|path>',
      'what is looked at: quick, full, or a JSON file like those in resources/suites',
      'quick',
    )
    .option('--prompts <name|path>', "other prompts than the suite's: emoji-scenes, general, or a file with one a line")
    .option(
      '--scorer <path>',
      'a scorer for Frechet and kernel distance and retrieval (train with the objective contrast)',
    )
    .option('--out <folder>', 'where pictures and report go (default: a folder in DATA/evaluations)')
    .action(({ json, dataDir, base, guide, out: folder, suite, prompts, scorer }: Options) =>
      run({ json, dataDir }, async signal => {
        const { runEvaluation } = await import('../../../services/evaluation.ts')
        const { openDevices } = await import('../../../services/devices.ts')
        const data = dataFolder(dataDir)
        const target = await openDevices().target({})
        const options = { suite, prompts, scorer, folder, data, target, signal, tell: teller() }
        const evaluation = await runEvaluation(await modelPair(data, { base, guide }), options)
        console.log(json ? JSON.stringify(evaluation) : await readFile(join(evaluation.folder, 'report.md'), 'utf8'))
        console.error(`The report is in ${evaluation.folder}.`)
      }),
    )

/** Tells progress on stderr, at most every two seconds, with the time that is left at the pace since this began. */
function teller(): (doing: string, done: number, total: number) => void {
  let [before, first, begun, last] = ['', 0, 0, 0]
  return (doing, done, total) => {
    const now = performance.now()
    if (doing !== before) [before, first, begun, last] = [doing, done, now, Number.NEGATIVE_INFINITY]
    if (done < total && now - last < 2000) return
    last = now
    const left = ((now - begun) / 1000 / (done - first)) * (total - done)
    const words = done > first && done < total ? `, ${duration(left)} left` : ''
    console.error(`${doing}: ${done} of ${total}${words}`)
  }
}
