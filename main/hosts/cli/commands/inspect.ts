import { Command } from 'commander'
import { inspectPath } from '../../../services/inspection.ts'
import { type CommonOptions, common, exitCode, run } from '../run.ts'
import { asLines } from '../text.ts'

export const inspect = (): Command =>
  common(new Command('inspect'))
    .description("say what a model is, from its header alone, or show a picture's generation data")
    .argument('<path>', 'model file, model folder or picture')
    .option('--base <path>', 'what a guide is held against (default: the demo model)')
    .action((path: string, { base, ...options }: CommonOptions & { readonly base?: string }) =>
      run(options, async () => {
        const report = await inspectPath(path, base)
        console.log(options.json ? JSON.stringify(report) : asLines(report))
        // What it is could be said, but it is no sound model: the report stands, and the exit code says so.
        if ('error' in report) {
          console.error(report.error)
          process.exitCode = exitCode.failed
        }
      }),
    )
