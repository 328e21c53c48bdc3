import { extname, resolve } from 'node:path'
import { Command } from 'commander'
import {
  deviceNames,
  type GenerateRequest,
  generateRequest,
  methodNames,
  precisionNames,
  predictionNames,
  samplerNames,
  scheduleNames,
} from '../../../../preload/contract/generation.ts'
import { requireWritable } from '../../../gallery/write.ts'
import { dataFolder } from '../../../paths.ts'
import { openDevices } from '../../../services/devices.ts'
import { writeDump } from '../../../services/dump.ts'
import { generatePictures, type SavedPicture } from '../../../services/generation.ts'
import { openPlace } from '../generate-to.ts'
import { loraOption } from '../lora-option.ts'
import { numbered } from '../places.ts'
import { progressBar } from '../progress.ts'
import { type CommonOptions, common, run, UsageError } from '../run.ts'

interface Options extends CommonOptions, Omit<GenerateRequest, 'prompt' | 'loras'> {
  readonly lora?: GenerateRequest['loras']
  readonly out?: string
  readonly dump?: string
}

type Done = Omit<SavedPicture, 'trace' | 'unused' | 'untrained' | 'notes'>

/** `0.28,5.42` as numbers. */
const pairOf = (text: string): number[] => text.split(',').map(Number)

const names = (values: readonly string[]): string => values.join(', ')

export const generate = (): Command =>
  common(new Command('generate'))
    .description('paint a picture')
    .argument('<prompt>', 'what to paint')
    .option('--negative <text>', 'what to keep out (SDXL: an empty one is not the same as none)')
    .option('--base <id|path>', 'a model of the library, or its file or folder (default: the demo model)')
    .option('--vae <id|path>', "a VAE in place of the base's own")
    .option('--method <name>', `how it is guided: ${names(methodNames)} (default: guide where one fits, else cfg)`)
    .option('--guide <id|path>', 'the guide for --method guide (default: one that fits the base)')
    .option(
      '--lora <id|path[:strength]>',
      'plug a LoRA in, may be repeated; also <lora:name:0.7> in the prompt',
      loraOption,
    )
    .option('--refresh <n>', 'guide, reuse: take both true passes every n-th step', Number)
    .option('--interval <low,high>', 'interval: guide between these noise levels sigma', pairOf)
    .option('--agreement <cosine>', 'adaptive: stop guiding when the predictions agree this much', Number)
    .option('--rescale <x>', 'cfg and all that take both passes: scale guidance back, 0 to 1 (default: 0)', Number)
    .option('--guidance <w>', 'guidance scale, 0 to 30; 1 is none', Number)
    .option('--steps <n>', 'steps, 1 to 1000', Number)
    .option('--sampler <name>', `${names(samplerNames)} (default: the base's own)`)
    .option('--schedule <name>', names(scheduleNames))
    .option('--prediction <type>', `what the network predicts: ${names(predictionNames)}`)
    .option('--device <name>', `${names(deviceNames)} (default: the fastest that computes rightly)`)
    .option('--precision <bits>', `${names(precisionNames)} of the UNet's numbers (default: fp32)`)
    .option('--seed <n>', 'seed of the first picture (default: drawn at random)', Number)
    .option('--count <n>', 'number of pictures; each has the next seed', Number)
    .option('--width <pixels>', "a multiple of 8 (default: the base's own)", Number)
    .option('--height <pixels>', "a multiple of 8 (default: the base's own)", Number)
    .option('--clip-skip <n>', 'text encoder layer from the end; 1 is the last', Number)
    .option('--init <picture>', 'start from this picture')
    .option('--mask <picture>', 'paint --init anew where this picture is white, keep it where it is black')
    .option('--strength <x>', 'share of the steps that repaint it, 0 to 1 (default: 0.6; with a mask 1)', Number)
    .option('--out <path>', 'file to write, a PNG (default: into the gallery)')
    .option('--dump <file>', 'write noise, conditioning, latents and image as safetensors')
    .action((prompt: string, { json, dataDir, out, dump, lora: loras, ...asked }: Options) =>
      run({ json, dataDir }, async signal => {
        const start = performance.now() / 1000
        const count = asked.count ?? 1
        if (out !== undefined && extname(out).toLowerCase() !== '.png') throw new UsageError('--out: must end in .png.')
        if (dump !== undefined && out !== undefined && resolve(dump) === resolve(out))
          throw new UsageError('--dump: must be another file than --out.')
        if (asked.guide !== undefined && asked.method !== undefined && asked.method !== 'guide')
          throw new UsageError(`--guide: the method ${asked.method} takes none.`)
        for (const option of ['mask', 'strength'] as const)
          if (asked[option] !== undefined && asked.init === undefined)
            throw new UsageError(`--${option}: needs --init, the picture to start from.`)
        if (dump !== undefined) await requireWritable(dump)
        const bar = progressBar(count)
        const request = generateRequest.parse({ ...asked, prompt, loras })
        const to = await openPlace({ data: dataFolder(dataDir), request, out, count })
        const pictures: Done[] = []
        try {
          const { keeper, overrides, hash, guides, beside, close: _, ...found } = to
          const devices = openDevices()
          const options = { signal, onProgress: bar.show, keeper, overrides, hash, guides, beside, devices }
          for await (const picture of generatePictures({ ...request, ...found }, options)) {
            if (pictures.length === 0 && picture.unused.length > 0) console.error(unusedSentence(picture.unused))
            if (pictures.length === 0 && picture.untrained !== undefined) console.error(picture.untrained)
            if (pictures.length === 0) for (const note of picture.notes) console.error(note)
            if (dump !== undefined) await writeDump(numbered(dump, count)(pictures.length), picture)
            // Without the trace: its latents would add up over many pictures.
            const { path, settings, passes, seconds } = picture
            pictures.push({ path, settings, passes, seconds })
          }
        } finally {
          bar.end()
          await to.close()
        }
        if (json) console.log(JSON.stringify(summary(pictures, start)))
        else for (const { path } of pictures) console.log(path)
      }),
    )

const unusedSentence = (keys: readonly string[]): string =>
  `${keys.length} of the model's tensors are not used: ${keys.slice(0, 3).join(', ')}${keys.length > 3 ? ', ...' : ''}.`

/** What scripts read; seconds are summed over all pictures, `start` is what the program itself took to start. */
function summary(pictures: readonly Done[], start: number) {
  const sum = (of: (picture: Done) => number) => pictures.reduce((total, picture) => total + of(picture), 0)
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
