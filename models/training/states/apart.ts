/** Neighbouring states show the same few pictures: of so many that are kept aside one is measured. */
const most = 8

/**
 * Parts states into those that are trained on, which are the first ones, and those that are measured: spread over so
 * many of the last ones that they come from many pictures, none of which is trained on.
 */
export function apart(count: number, held: number): { readonly seen: number; readonly held: readonly number[] } {
  const every = held === 0 ? 0 : Math.max(1, Math.min(most, Math.floor(count / 8 / held)))
  const seen = count - held * every
  return { seen, held: Array.from({ length: held }, (_, i) => seen + i * every) }
}
