import { Command } from 'commander'
import type { inspectPath } from '../../../services/inspection.ts'
import { type CommonOptions, common, exitCode, run } from '../run.ts'
import { asLines } from '../text.ts'

interface Options extends CommonOptions {
  readonly base?: string
  readonly hashes?: true
}

export const inspect = (): Command =>
  common(new Command('inspect'))
    .description("say what a model is, from its header alone, or show a picture's generation data")
    .argument('<path>', 'model file, model folder or picture')
    .option('--base <path>', 'what a guide is held against (default: the demo model)')
    .option('--hashes', 'read all of the file for its hashes: SHA-256, AutoV2, AutoV3')
    .action((path: string, { base, hashes, ...options }: Options) =>
      run(options, async signal => {
        const { inspectPath } = await import('../../../services/inspection.ts')
        const report = await inspectPath(path, { base, hashes, signal })
        console.log(options.json ? JSON.stringify(report) : asLines(inWords(report)))
        // What it is could be said, but it is no sound model: the report stands, and the exit code says so.
        if ('error' in report) {
          console.error(report.error)
          process.exitCode = exitCode.failed
        }
      }),
    )

/** A report to be read: metadata that a summary stands for are left to --json. */
function inWords(report: Awaited<ReturnType<typeof inspectPath>>): object {
  if (!('about' in report)) return report
  const { metadata, parts, tags, predictionSure, predictionSource, ...told } = report
  const { predictionType } = told
  return {
    ...told,
    ...(predictionType !== undefined && {
      predictionType: `${predictionType} (${predictionSure ? predictionSource : `not sure: ${predictionSource}`})`,
    }),
    ...(parts && {
      parts: Object.fromEntries(parts.map(({ name, parameters, dtype }) => [name, `${parameters} ${dtype}`])),
    }),
    ...(tags.length > 0 && { tags: tags.map(({ tag, count }) => `${tag} ${count}`) }),
    metadata: Object.keys(metadata),
  }
}
