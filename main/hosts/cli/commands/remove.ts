import { Command } from 'commander'
import { dataFolder } from '../../../paths.ts'
import { type CommonOptions, common, run } from '../run.ts'

export const remove = (): Command =>
  common(new Command('remove'))
    .description("take a model out of the library; a copy goes to the system's trash, an original stays")
    .argument('<id>', 'as `cicerone models` lists it')
    .action((id: string, options: CommonOptions) =>
      run(options, async () => {
        const { openModels } = await import('../../../app.ts')
        const data = await openModels(dataFolder(options.dataDir))
        try {
          await data.library.service.remove({ id })
          console.log(options.json ? JSON.stringify({ id }) : `Removed ${id}.`)
        } finally {
          await data.close()
        }
      }),
    )
