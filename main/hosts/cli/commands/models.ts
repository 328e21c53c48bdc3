import { Command } from 'commander'
import { predictionNames } from '../../../../preload/contract/generation.ts'
import { architectureNames, type ModelOverrides, modelOverrides } from '../../../../preload/contract/models.ts'
import type { Library } from '../../../library/library.ts'
import { dataFolder } from '../../../paths.ts'
import { type CommonOptions, common, run, UsageError } from '../run.ts'

const asFile = 'file'

interface Said {
  readonly prediction?: string
  readonly architecture?: string
}

export const models = (): Command =>
  common(new Command('models'))
    .description('list the models of the library')
    .action((options: CommonOptions) =>
      withLibrary(options, async library => {
        const cards = await library.service.list({})
        if (options.json) console.log(JSON.stringify(cards))
        else
          for (const { id, kind, name, place, problem } of cards)
            console.log([id, kind, name, place, ...(problem === null ? [] : [problem])].join('  '))
      }),
    )
    .addCommand(set().exitOverride())

const set = (): Command =>
  common(new Command('set'))
    .description('say of a base what its files do not say, or say wrongly; it is remembered')
    .argument('<id>', 'a model of the library')
    .option('--prediction <type>', `${predictionNames.join(', ')}, or ${asFile}: as the file says`)
    .option('--architecture <family>', `${architectureNames.join(', ')}, or ${asFile}`)
    .action((id: string, { prediction, architecture }: Said, command: Command) => {
      // Options that parent and command share are found at the parent where they stand before the arguments.
      const options = command.optsWithGlobals<CommonOptions>()
      return withLibrary(options, async library => {
        if (prediction === undefined && architecture === undefined)
          throw new UsageError('--prediction or --architecture is needed.')
        const card = await library.service.override({ id, ...overrides({ prediction, architecture }) })
        const { chosenArchitecture, chosenPrediction } = card
        const told = { id, architecture: chosenArchitecture ?? asFile, prediction: chosenPrediction ?? asFile }
        if (options.json) console.log(JSON.stringify(told))
        else console.log(`${id}  architecture: ${told.architecture}  prediction: ${told.prediction}`)
      })
    })

/** The choices as the service takes them; `file` takes one back. */
function overrides(said: { [K in keyof Said]: Said[K] | undefined }): ModelOverrides {
  const given = Object.entries(said).filter(([, value]) => value !== undefined)
  return modelOverrides.parse(Object.fromEntries(given.map(([name, value]) => [name, value === asFile ? null : value])))
}

/** Opens the library for one command. */
const withLibrary = (options: CommonOptions, work: (library: Library) => Promise<void>) =>
  run(options, async () => {
    const { openModels } = await import('../../../app.ts')
    const data = await openModels(dataFolder(options.dataDir))
    try {
      await work(data.library)
    } finally {
      await data.close()
    }
  })
