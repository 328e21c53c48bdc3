import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { z } from 'zod'
import type { Pipeline } from '../../pipelines/assemble.ts'
import { type CancelSignal, pause } from '../../pipelines/cancel.ts'
import { generate, type Picture } from '../../pipelines/generate.ts'
import type { Guide } from '../../pipelines/guide.ts'
import { resolveSettings } from '../../pipelines/resolve.ts'
import { writeAtomically } from '../../tensor/atomically.ts'
import type { Variant } from './variants.ts'

/** A picture's pixels: rows of bytes, red green blue. */
export type Pixels = Pick<Picture, 'pixels' | 'width' | 'height'>

/** The pictures of an evaluation, which lie in its folder. */
export interface Painted {
  /** Paints those of a variant that are not there. */
  paint(variant: Variant): Promise<void>
  /** How many of these are there already. */
  there(variants: readonly Variant[]): number
  read(variant: Variant, index: number): Promise<Pixels>
  /** Network passes a step, over all pictures of a variant. */
  passesPerStep(variant: Variant): number
}

interface PaintedOptions {
  readonly pipeline: Pipeline
  readonly guide: Guide
  readonly folder: string
  readonly signal?: CancelSignal | undefined
  /** Called after each picture. */
  readonly onPicture: () => void
}

const line = z.object({ variant: z.string(), index: z.int(), passes: z.int() })

/**
 * Opens the pictures of an evaluation. Each is a PNG that appears whole and then gets a line in `pictures.jsonl`: what a
 * killed run has painted stays, and one without a line is painted again.
 */
export async function openPainted({ pipeline, guide, folder, signal, onPicture }: PaintedOptions): Promise<Painted> {
  const journal = join(folder, 'pictures.jsonl')
  const passes = new Map<string, number>()
  const keyOf = (variant: string, index: number) => `${variant} ${index}`
  for (const { variant, index, passes: taken } of await readJournal(journal)) passes.set(keyOf(variant, index), taken)
  const place = ({ name }: Variant, index: number) =>
    join(folder, 'pictures', name, `${String(index + 1).padStart(5, '0')}.png`)

  return {
    async paint(variant) {
      await mkdir(join(folder, 'pictures', variant.name), { recursive: true })
      for (const [index, ordered] of variant.pictures.entries()) {
        if (passes.has(keyOf(variant.name, index))) continue
        await pause(signal)
        const { method, refresh, guidance, steps } = variant
        const settings = await resolveSettings(pipeline, {
          ...ordered,
          ...{ method, refresh, guidance, steps, count: 1, clipSkip: 1, schedule: 'auto' },
        })
        for await (const picture of generate(pipeline, settings, { guide, signal, traced: false })) {
          await writePixels(place(variant, index), picture)
          // A line of its own also where a kill has cut the one before it short.
          await appendFile(journal, `\n${JSON.stringify({ variant: variant.name, index, passes: picture.passes })}\n`)
          passes.set(keyOf(variant.name, index), picture.passes)
        }
        onPicture()
      }
    },
    there: variants =>
      variants.reduce(
        (sum, { name, pictures }) => sum + pictures.filter((_, index) => passes.has(keyOf(name, index))).length,
        0,
      ),
    read: (variant, index) => readPixels(place(variant, index)),
    passesPerStep({ name, pictures, steps }) {
      const taken = pictures.reduce((sum, _, index) => sum + (passes.get(keyOf(name, index)) ?? 0), 0)
      return taken / (pictures.length * steps)
    },
  }
}

async function readJournal(path: string): Promise<z.infer<typeof line>[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.split('\n').flatMap(each => {
    try {
      return [line.parse(JSON.parse(each))]
    } catch {
      return []
    }
  })
}

async function writePixels(path: string, { pixels, width, height }: Pixels): Promise<void> {
  const png = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
  await writeAtomically(path, handle => handle.writeFile(png))
}

async function readPixels(path: string): Promise<Pixels> {
  const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  return { pixels: data, width: info.width, height: info.height }
}
