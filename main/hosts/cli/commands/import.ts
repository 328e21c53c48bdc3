import { Command } from 'commander'
import { dataFolder } from '../../../paths.ts'
import { type CommonOptions, common, run, UsageError } from '../run.ts'

interface Options extends CommonOptions {
  readonly copy?: true
  readonly link?: true
}

export const importModels = (): Command =>
  common(new Command('import'))
    .description('take models into the library: by a link, so that nothing is written twice, or as copies')
    .argument('<paths...>', 'model files and folders')
    .option('--copy', 'copy them')
    .option('--link', 'link to them (the default)')
    .action((paths: string[], { copy, link, ...options }: Options) =>
      run(options, async signal => {
        if (copy && link) throw new UsageError('--copy and --link exclude each other.')
        const { openModels } = await import('../../../app.ts')
        const data = await openModels(dataFolder(options.dataDir))
        // A copy that is under way is given up, and what it has written goes.
        const stop = () => void data.close()
        signal.addEventListener('abort', stop)
        try {
          const imported: object[] = []
          for (const path of paths) {
            signal.throwIfAborted()
            const way = copy ? 'copy' : 'link'
            const { model, bytesCopied } = await data.library.service.import({ source: { path }, way })
            const { id, kind, name } = model
            imported.push({ id, kind, name, linked: model.place === 'linked', bytesCopied, path: model.path })
            if (!options.json) console.log(`${id}  ${kind}  ${model.path}`)
          }
          if (options.json) console.log(JSON.stringify(imported.length === 1 ? imported[0] : imported))
        } finally {
          signal.removeEventListener('abort', stop)
          await data.close()
        }
      }),
    )
