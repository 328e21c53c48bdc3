import { Command } from 'commander'
import { dataFolder } from '../../../paths.ts'
import { type CommonOptions, common, run } from '../run.ts'

interface Options extends CommonOptions {
  readonly port?: string
}

export const serve = (): Command =>
  common(new Command('serve'))
    .description('open the studio in a browser of this computer, until Ctrl+C')
    .option('--port <n>', 'port on 127.0.0.1 (default: any that is free)')
    .action(({ json, dataDir, port }: Options) =>
      run({ json, dataDir }, async signal => {
        // The other commands need neither server nor database and start sooner without them.
        const { linkPrinter, serve } = await import('../../serve.ts')
        await serve({ data: dataFolder(dataDir), port, signal, onLink: linkPrinter(json) })
      }),
    )
