import { Command } from 'commander'
import { dataFolder } from '../paths.ts'
import { openBrowser } from './browser.ts'
import { type CommonOptions, common, run } from './cli/run.ts'
import { runElectron, whyNoWindow } from './electron/binary.ts'
import { linkPrinter, serve } from './serve.ts'

type Options = CommonOptions & { readonly port?: string | undefined }

/** `npm start`: the studio as a person opens it; in its own window where there can be one and no port is asked for. */
const start = common(new Command('npm start --'))
  .description('open the studio')
  .option('--port <n>', 'in the browser, on 127.0.0.1 (default: any port that is free)')
  .action(({ json, dataDir, port }: Options) =>
    run({ json, dataDir }, signal => {
      const reason = port === undefined ? whyNoWindow() : 'A port was asked for'
      if (reason === undefined) return inWindow(dataDir, signal)
      console.error(`${reason}: the studio opens in your browser.`)
      return inBrowser({ json, dataDir, port }, signal)
    }),
  )

async function inWindow(dataDir: string | undefined, signal: AbortSignal): Promise<void> {
  const { buildDesktop } = await import('./electron/build.ts')
  const app = await buildDesktop(console.error)
  process.exitCode = await runElectron(app, [`--data-dir=${dataFolder(dataDir)}`], signal)
}

function inBrowser({ json, dataDir, port }: Options, signal: AbortSignal): Promise<void> {
  const print = linkPrinter(json)
  let opened = false
  const onLink = (url: string) => {
    print(url)
    if (!opened) openBrowser(url)
    opened = true
  }
  return serve({ data: dataFolder(dataDir), port, signal, onLink })
}

await start.parseAsync()
