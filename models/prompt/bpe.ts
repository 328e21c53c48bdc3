/**
 * Joins the letters of one word into tokens: of all neighbouring pairs, the one that was learnt first is joined first,
 * everywhere in the word, until no pair is known (byte pair encoding, Sennrich et al. 2016).
 * `ranks` holds when a pair was learnt, under `left right`; no letter holds a space.
 */
export function joinPairs(letters: readonly string[], ranks: ReadonlyMap<string, number>): string[] {
  const rank = (left = '', right = ''): number => ranks.get(`${left} ${right}`) ?? Infinity
  const parts = [...letters]
  /** Rank of the pair that begins at each part; only pairs beside a join are looked up again. */
  const order = parts.map((part, i) => rank(part, parts[i + 1]))
  for (;;) {
    const first = lowest(order)
    if (first === Infinity) return parts
    let count = 0
    let joinedBefore = false
    for (let i = 0; i < parts.length; count++) {
      const joined = order[i] === first
      const part = joined ? `${parts[i]}${parts[i + 1]}` : `${parts[i]}`
      if (count > 0) order[count - 1] = joined || joinedBefore ? rank(parts[count - 1], part) : (order[i - 1] as number)
      parts[count] = part
      i += joined ? 2 : 1
      joinedBefore = joined
    }
    parts.length = count
    order.length = count
    order[count - 1] = Infinity
  }
}

function lowest(values: readonly number[]): number {
  let least = Infinity
  for (const value of values) if (value < least) least = value
  return least
}
