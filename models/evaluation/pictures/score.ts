import type { Scoring } from '../report/report.ts'
import type { Scorer } from '../scorer.ts'
import { mean, type Statistic } from '../statistics/draws.ts'
import { dot, type Features, rowOf } from '../statistics/features.ts'
import { frechetDistance, gaussianOf } from '../statistics/frechet.ts'
import { kernelDistance } from '../statistics/kernel-distance.ts'
import type { Painted, Pixels } from './painted.ts'
import type { Variant } from './variants.ts'

/** Pictures that a scorer looks at together. */
const together = 16

/** Looks at all pictures of a variant. */
export async function featuresOf(scorer: Scorer, painted: Painted, variant: Variant): Promise<Features> {
  const parts: Float32Array[] = []
  let width = 0
  for (let first = 0; first < variant.pictures.length; first += together) {
    const count = Math.min(together, variant.pictures.length - first)
    const pixels = await Promise.all(Array.from({ length: count }, (_, i) => painted.read(variant, first + i)))
    const sides = [count, 3, trimmed(pixels[0]?.height, scorer), trimmed(pixels[0]?.width, scorer)] as const
    const seen = await scorer.pictures(planes(pixels, sides), sides)
    parts.push(seen.rows)
    width = seen.width
  }
  const rows = new Float32Array(variant.pictures.length * width)
  for (const [i, part] of parts.entries()) rows.set(part, i * together * width)
  return { rows, width }
}

const trimmed = (side = 0, { factor }: Scorer): number => Math.floor(side / factor) * factor

/** Bytes as numbers in -1..1, channel by channel; what is beyond the sides is cut. */
function planes(pictures: readonly Pixels[], [, , height, width]: readonly number[] & { 2: number; 3: number }) {
  const area = height * width
  const values = new Float32Array(pictures.length * 3 * area)
  for (const [i, { pixels, width: stride }] of pictures.entries())
    for (let at = 0; at < 3 * area; at++) {
      const place = at % area
      const pixel = Math.floor(place / width) * stride + (place % width)
      values[i * 3 * area + at] = (pixels[pixel * 3 + Math.floor(at / area)] as number) / 127.5 - 1
    }
  return values
}

/** What pictures are held against: all captions that there are, and CFG's pictures of other seeds. */
export interface Against {
  readonly captions: readonly string[]
  readonly texts: Features
  readonly reference: Features
  readonly scale: number
}

/** The measures of some pictures, each with a caption of its own. */
export function scoresOf(
  features: Features,
  own: readonly string[],
  { captions, texts, reference, scale }: Against,
): Record<Scoring, Statistic> {
  const places = own.map(caption => captions.indexOf(caption))
  const found = places.map((place, i) => {
    const products = captions.map((_, j) => scale * dot(rowOf(features, i), rowOf(texts, j)))
    const right = products[place] as number
    const most = Math.max(...products)
    return {
      rank: products.filter(product => product > right).length,
      likelihood: right - most - Math.log(products.reduce((sum, product) => sum + Math.exp(product - most), 0)),
    }
  })
  return {
    frechet: counts => frechetDistance(gaussianOf(features, counts), gaussianOf(reference, counts)),
    kernel: kernelDistance(features, reference),
    top1: mean(found.map(({ rank }) => (rank < 1 ? 1 : 0))),
    top5: mean(found.map(({ rank }) => (rank < 5 ? 1 : 0))),
    likelihood: mean(found.map(({ likelihood }) => likelihood)),
  }
}
