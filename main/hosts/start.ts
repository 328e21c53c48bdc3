import { Command } from 'commander'
import { dataFolder } from '../paths.ts'
import { openBrowser } from './browser.ts'
import { type CommonOptions, common, run } from './cli/run.ts'
import { linkPrinter, serve } from './serve.ts'

/** `npm start`: the studio as a person opens it. */
const start = common(new Command('npm start --'))
  .description('open the studio')
  .option('--port <n>', 'port on 127.0.0.1 (default: any that is free)')
  .action(({ json, dataDir, port }: CommonOptions & { readonly port?: string }) =>
    run({ json, dataDir }, signal => {
      console.error('This version has no desktop window yet: the studio opens in your browser.')
      const print = linkPrinter(json)
      let opened = false
      const onLink = (url: string) => {
        print(url)
        if (!opened) openBrowser(url)
        opened = true
      }
      return serve({ data: dataFolder(dataDir), port, signal, onLink })
    }),
  )

await start.parseAsync()
