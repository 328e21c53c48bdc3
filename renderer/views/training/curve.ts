import type { TrainingDetail } from '../../../preload/contract/training.ts'

/** One line of the plot. */
export interface Line {
  /** `4`, the guidance scale that the error was measured at. */
  readonly scale: string
  readonly points: readonly { readonly step: number; readonly value: number }[]
}

/** What is known at a step. */
export interface Reading {
  readonly step: number
  /** Of the last checkpoint until then; by guidance scale. */
  readonly errors: Readonly<Record<string, number>>
  readonly loss: number | null
}

type Curves = Pick<TrainingDetail, 'curve' | 'errors'>

/** The errors by guidance scale, the smallest scale first. */
export function errorLines({ errors }: Curves): Line[] {
  const scales = [...new Set(errors.flatMap(each => Object.keys(each.errors)))].toSorted(
    (a, b) => Number(a) - Number(b),
  )
  return scales.map(scale => ({
    scale,
    points: errors.flatMap(({ step, errors }) => {
      const value = errors[scale]
      return value === undefined ? [] : [{ step, value }]
    }),
  }))
}

/** What was told of steps since the last that the curve holds is put behind it. */
export function grown(curve: Curves['curve'], live: Curves['curve']): Curves['curve'] {
  const last = curve.at(-1)?.step ?? 0
  return [...curve, ...live.filter(({ step }) => step > last)]
}

/** Every step that something is known of. */
export const stepsOf = ({ curve, errors }: Curves): number[] =>
  [...new Set([...curve, ...errors].map(({ step }) => step))].toSorted((a, b) => a - b)

/** What is known at a step, or at the last before it. */
export function readingAt({ curve, errors }: Curves, step: number): Reading {
  const until = <T extends { step: number }>(list: readonly T[]) => list.findLast(each => each.step <= step)
  return { step, errors: until(errors)?.errors ?? {}, loss: until(curve)?.loss ?? null }
}

/** The member of a sorted list that is nearest. */
export function nearest(list: readonly number[], wanted: number): number | undefined {
  const after = list.findIndex(each => each >= wanted)
  if (after < 0) return list.at(-1)
  const [low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY] = [list[after - 1], list[after]]
  return wanted - low < high - wanted ? low : high
}

/** Where the axis of steps ends: at the last one, but halved as often as what is there would be a sliver. */
export function stepEnd(steps: number, last: number): number {
  let end = Math.max(1, steps, last)
  while (end > 20 && last < end / 4) end /= 2
  return end
}

/** Where the scale of errors ends: no guidance lies at 1, and what is worse is to be seen as well. */
export const errorTop = (lines: readonly Line[]): number =>
  Math.max(1, ...lines.flatMap(({ points }) => points.map(({ value }) => Math.ceil(value * 4 - 0.02) / 4)))

/** Round numbers from 0 up to `end`, `count` of them at most but for the 0. */
export function ticksTo(end: number, count: number, units: readonly number[] = [1, 2, 5, 10]): number[] {
  const rough = end / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const unit = units.map(each => each * power).find(each => each >= rough) ?? rough
  return Array.from({ length: Math.floor(end / unit + 1e-9) + 1 }, (_, index) => Number((index * unit).toFixed(10)))
}

/** Moves labels apart that lie nearer than `gap`, in their order, within 0 and `end`. */
export function apart(places: readonly number[], gap: number, end: number): number[] {
  const order = places.map((place, index) => ({ place, index })).toSorted((a, b) => a.place - b.place)
  const moved: number[] = []
  let low = 0
  for (const { place, index } of order) {
    moved[index] = Math.max(place, low)
    low = (moved[index] ?? 0) + gap
  }
  let high = end
  for (const { index } of order.toReversed()) {
    moved[index] = Math.min(moved[index] ?? 0, high)
    high = (moved[index] ?? 0) - gap
  }
  return moved
}

/** `M0 1L2 3`. */
export const pathOf = (points: readonly (readonly [x: number, y: number])[]): string =>
  points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('')
