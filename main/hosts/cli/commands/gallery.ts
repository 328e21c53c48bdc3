import { Command, Option } from 'commander'
import { dataFolder } from '../../../paths.ts'
import { type CommonOptions, common, exitCode, run, UsageError } from '../run.ts'

type Gallery = import('../../../gallery/gallery.ts').Gallery

interface SearchOptions extends CommonOptions {
  readonly limit: number
}

interface CheckOptions extends CommonOptions {
  readonly fix?: true
}

interface ExportOptions extends CommonOptions {
  readonly out: string
  readonly metadata: boolean
}

export const gallery = (): Command => {
  const all = new Command('gallery').description('search, check, import and export pictures')
  for (const command of [search(), check(), importPictures(), exportPictures()]) all.addCommand(command.exitOverride())
  return all
}

const search = (): Command =>
  common(new Command('search'))
    .description('list pictures, newest first')
    .argument(
      '[query]',
      "words of prompt and tags, base:NAME, method:NAME, sampler:NAME, tag:NAME, 'w>4', seed:N, star",
      '',
    )
    .option('--limit <n>', 'how many at most', Number, 100)
    .action((query: string, { limit, ...options }: SearchOptions) =>
      withGallery(options, async gallery => {
        if (!(Number.isSafeInteger(limit) && limit > 0))
          throw new UsageError('--limit: must be a whole number above 0.')
        const { total, pictures } = await gallery.search(query, limit)
        if (options.json) return console.log(JSON.stringify({ total, pictures }))
        for (const { path } of pictures) console.log(path)
        if (total > pictures.length) console.error(`${pictures.length} of ${total}; --limit shows more.`)
      }),
    )

const check = (): Command =>
  common(new Command('check'))
    .description('compare the gallery with the pictures on disk')
    .option('--fix', 'forget pictures that are gone, take in those that are not listed, delete what was half written')
    .action(({ fix, ...options }: CheckOptions) =>
      withGallery(options, async gallery => {
        const report = await gallery.check({ fix: fix === true })
        const { pictures, missing, unreadable, orphans, leftovers, others } = report
        if (options.json) console.log(JSON.stringify(report))
        else {
          console.log(`pictures: ${pictures}`)
          for (const [what, files] of Object.entries({ missing, orphans, leftovers, others }))
            for (const file of files) console.log(`${what}: ${file}`)
          for (const { file, reason } of unreadable) console.log(`unreadable: ${file} (${reason})`)
        }
        const wrong = missing.length + orphans.length + leftovers.length
        if (wrong === 0 || fix) return
        console.error(`${wrong} ${wrong === 1 ? 'file does' : 'files do'} not agree with the gallery. --fix mends it.`)
        process.exitCode = exitCode.failed
      }),
    )

const importPictures = (): Command =>
  common(new Command('import'))
    .description('copy pictures into the gallery, with the settings that they carry')
    .argument('<path...>', 'PNG files, or folders with all below them')
    .action((paths: string[], options: CommonOptions) =>
      withGallery(options, async (gallery, signal) => {
        const report = await gallery.importFolder(paths, signal)
        const { imported, already, failed, skipped } = report
        if (options.json) console.log(JSON.stringify(report))
        else console.log(`imported: ${imported}, already there: ${already}, no PNG: ${skipped}`)
        for (const { reason } of failed) console.error(reason)
        if (failed.length > 0) process.exitCode = exitCode.failed
      }),
    )

const exportPictures = (): Command =>
  common(new Command('export'))
    .description('copy pictures to a folder')
    .argument('[query]', 'as in search; without it all pictures', '')
    .addOption(new Option('--out <folder>', 'where the copies go').makeOptionMandatory())
    .option('--no-metadata', 'leave out how they were made')
    .action((query: string, { out, metadata, ...options }: ExportOptions) =>
      withGallery(options, async (gallery, signal) => {
        const exported = await gallery.exportPictures(query, out, { metadata, signal })
        if (options.json) console.log(JSON.stringify({ exported }))
        else for (const path of exported) console.log(path)
      }),
    )

/** Opens the gallery for one command; notices go to stderr. */
const withGallery = (options: CommonOptions, work: (gallery: Gallery, signal: AbortSignal) => Promise<void>) =>
  run(options, async signal => {
    // The other commands need no database and start sooner without it.
    const { openData } = await import('../../../app.ts')
    const data = await openData(dataFolder(options.dataDir))
    data.events.listen((name, payload) => {
      if (name === 'system.notice') tellNotice(payload)
    })
    try {
      await work(data.gallery, signal)
    } finally {
      await data.close()
    }
  })

function tellNotice(payload: unknown): void {
  const { message, hint } = payload as { message: string; hint: string }
  console.error(`${message} ${hint}`)
}
