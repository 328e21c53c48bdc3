import { extname } from 'node:path'
import { Command } from 'commander'
import {
  type GenerateRequest,
  methodNames,
  predictionNames,
  samplerNames,
  scheduleNames,
} from '../../../../preload/contract/generation.ts'
import { dataFolder } from '../../../paths.ts'
import { writeDump } from '../../../services/dump.ts'
import { generatePictures, type SavedPicture } from '../../../services/generation.ts'
import { datedPlaces, numbered } from '../places.ts'
import { progressBar } from '../progress.ts'
import { type CommonOptions, common, run, UsageError } from '../run.ts'

interface Options extends CommonOptions, Omit<GenerateRequest, 'prompt'> {
  readonly out?: string
  readonly dump?: string
}

const names = (values: readonly string[]): string => values.join(', ')

export const generate = (): Command =>
  common(new Command('generate'))
    .description('paint a picture')
    .argument('<prompt>', 'what to paint')
    .option('--negative <text>', 'what to keep out')
    .option('--base <path>', 'model file or folder (default: the demo model)')
    .option('--method <name>', `how it is guided: ${names(methodNames)}`)
    .option('--guidance <w>', 'guidance scale, 0 to 30; 1 is none', Number)
    .option('--steps <n>', 'steps, 1 to 1000', Number)
    .option('--sampler <name>', `${names(samplerNames)} (default: the base's own)`)
    .option('--schedule <name>', names(scheduleNames))
    .option('--prediction <type>', `what the network predicts: ${names(predictionNames)}`)
    .option('--seed <n>', 'seed of the first picture (default: drawn at random)', Number)
    .option('--count <n>', 'number of pictures; each has the next seed', Number)
    .option('--width <pixels>', "a multiple of 8 (default: the base's own)", Number)
    .option('--height <pixels>', "a multiple of 8 (default: the base's own)", Number)
    .option('--clip-skip <n>', 'text encoder layer from the end; 1 is the last', Number)
    .option('--init <picture>', 'start from this picture')
    .option('--strength <x>', 'share of the steps that repaint it, 0 to 1', Number)
    .option('--out <path>', 'file to write, a PNG (default: by date in the data folder)')
    .option('--dump <file>', 'write noise, conditioning, latents and image as safetensors')
    .action((prompt: string, { json, dataDir, out, dump, ...asked }: Options) =>
      run({ json, dataDir }, async signal => {
        const start = performance.now() / 1000
        const count = asked.count ?? 1
        if (out !== undefined && extname(out).toLowerCase() !== '.png') throw new UsageError('--out: must end in .png.')
        const bar = progressBar(count)
        const place = out === undefined ? datedPlaces(dataFolder(dataDir)) : numbered(out, count)
        const pictures: SavedPicture[] = []
        try {
          const options = { signal, onProgress: bar.show, place }
          for await (const picture of generatePictures({ ...asked, prompt }, options)) {
            if (dump !== undefined) await writeDump(numbered(dump, count)(pictures.length), picture)
            pictures.push(picture)
          }
        } finally {
          bar.end()
        }
        if (json) console.log(JSON.stringify(summary(pictures, start)))
        else for (const { path } of pictures) console.log(path)
      }),
    )

/** What scripts read; seconds are summed over all pictures, `start` is what the program itself took to start. */
function summary(pictures: readonly SavedPicture[], start: number) {
  const sum = (of: (picture: SavedPicture) => number) => pictures.reduce((total, picture) => total + of(picture), 0)
  return {
    pictures: pictures.map(({ path, settings: { seed, width, height } }) => ({ path, seed, width, height })),
    method: pictures[0]?.settings.method,
    passes: sum(({ passes }) => passes),
    seconds: {
      start,
      load: sum(({ seconds }) => seconds.load),
      text: sum(({ seconds }) => seconds.text),
      denoise: sum(({ seconds }) => seconds.denoise),
      decode: sum(({ seconds }) => seconds.decode),
      total: performance.now() / 1000,
    },
  }
}
