import type { MethodName } from '../../../preload/contract/generation.ts'

/** The methods that people switch between, with what they cost. */
export const mainMethods = [
  { value: 'guide', label: 'Guide', title: 'One pass a step: a small trained guide is plugged into the base' },
  { value: 'cfg', label: 'CFG', title: 'Two passes a step: with the prompt and without it' },
  { value: 'none', label: 'None', title: 'One pass a step: the prompt alone, no guidance' },
] as const satisfies readonly { value: MethodName; label: string; title: string }[]

/** Those that save passes on any base, with nothing to train. */
export const savingMethods = [
  { value: 'interval', label: 'Interval', note: 'CFG between two noise levels; elsewhere one pass a step.' },
  { value: 'adaptive', label: 'Adaptive', note: 'CFG until its two passes agree; from then on one pass a step.' },
  { value: 'reuse', label: 'Reuse', note: 'CFG every few steps; in between one pass, with the last difference.' },
] as const satisfies readonly { value: MethodName; label: string; note: string }[]

/** A method as the switch calls it. */
export const methodLabel = (method: MethodName): string =>
  [...mainMethods, ...savingMethods].find(({ value }) => value === method)?.label ?? method
