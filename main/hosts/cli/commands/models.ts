import { Command } from 'commander'
import { dataFolder } from '../../../paths.ts'
import { type CommonOptions, common, run } from '../run.ts'

export const models = (): Command =>
  common(new Command('models'))
    .description('list the models of the library')
    .action((options: CommonOptions) =>
      run(options, async () => {
        const { openModels } = await import('../../../app.ts')
        const data = await openModels(dataFolder(options.dataDir))
        try {
          const cards = await data.library.service.list({})
          if (options.json) console.log(JSON.stringify(cards))
          else
            for (const { id, kind, name, place, problem } of cards)
              console.log([id, kind, name, place, ...(problem === null ? [] : [problem])].join('  '))
        } finally {
          await data.close()
        }
      }),
    )
