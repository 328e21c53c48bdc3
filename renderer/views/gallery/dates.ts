import { type Rows, rowOf } from './rows.ts'

/** A month's beginning at the scrubber: how far down its newest picture lies, 0 to 1. */
export interface DateMark {
  readonly label: string
  readonly at: number
}

interface Dated {
  readonly created: number
}

/** The first of `items` (newest first) that is older than `time`. */
export function firstBefore(items: readonly Dated[], time: number): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((items[middle]?.created ?? 0) < time) high = middle
    else low = middle + 1
  }
  return low
}

/**
 * A mark for each month that has pictures, thinned out so that two stand at least `apart` (of the whole height) from
 * each other. Looks at a few pictures a month, however many there are.
 */
export function dateMarks(items: readonly Dated[], rows: Rows, height: number, apart: number): DateMark[] {
  const marks: DateMark[] = []
  for (let index = 0; index < items.length; ) {
    const date = new Date(items[index]?.created ?? 0)
    const at = (rows.tops[rowOf(rows, index)] ?? 0) / Math.max(1, height)
    if (at - (marks.at(-1)?.at ?? -1) >= apart) marks.push({ label: monthWord(date), at })
    const next = firstBefore(items, new Date(date.getFullYear(), date.getMonth(), 1).getTime())
    // A clock that was set wrong must not stop us.
    index = Math.max(next, index + 1)
  }
  return marks
}

const monthWord = (date: Date): string => date.toLocaleDateString(undefined, { month: 'short', year: 'numeric' })
