import { after } from './ops/after.ts'
import type { Node, Value } from './value.ts'
import { inputsOf } from './walk.ts'

/**
 * Lets a backward pass compute the inside of blocks anew instead of keeping it (Chen et al. 2016). Kept are the
 * boundaries, what is before the first and after the last, and what one block takes from another beside them (skips, a
 * time embedding).
 * @param order every value, each after its inputs
 * @returns a node as the gradient rule that `signal`, the gradient of its result, is handed to should see it
 */
export function recomputation(
  order: readonly Value[],
  boundaries: ReadonlySet<Value>,
): (value: Node, signal: Value) => Node {
  const { levels, block } = levelsOf(order, boundaries)
  const last = levels.values().reduce((most, level) => Math.max(most, level), 0)
  const kept = new Set<Value>(boundaries)
  for (const value of order)
    for (const input of inputsOf(value)) if (levels.get(input) !== block(value)) kept.add(input)

  /** The first gradient that arrives at each block: before it, nothing of the block is needed again. */
  const signals = new Map<number, Value>()
  const delayed = new Map<number, Map<Value, Value>>()
  const copies = new Map<Value, Value>()

  const keep = (value: Value, level: number): Value => {
    const known = delayed.get(level) ?? new Map<Value, Value>()
    delayed.set(level, known)
    const late = known.get(value) ?? after(value, signals.get(level) as Value)
    known.set(value, late)
    return late
  }
  const again = (value: Value, level: number): Value => {
    if (value.kind !== 'node' || value.dtype !== 'f32' || levels.get(value) === undefined) return value
    return kept.has(value) ? keep(value, level) : (copies.get(value) as Value)
  }
  const places = new Map(order.map((value, place) => [value, place]))
  /** Copies what a node needs of its block, inputs first: a block may be thousands of values deep. */
  const copyInside = (value: Node, level: number): void => {
    const needed = new Set<Node>()
    const stack: Value[] = [...value.inputs]
    for (let next = stack.pop(); next; next = stack.pop()) {
      const inside = next.kind === 'node' && levels.get(next) === level && !kept.has(next)
      if (!inside || copies.has(next) || needed.has(next)) continue
      needed.add(next)
      stack.push(...next.inputs)
    }
    for (const node of [...needed].toSorted((a, b) => (places.get(a) as number) - (places.get(b) as number)))
      copies.set(node, { ...node, inputs: node.inputs.map(input => again(input, level)) })
  }

  return (value, signal) => {
    const level = block(value) ?? 0
    if (level === 0 || level === last) return value
    if (!signals.has(level)) signals.set(level, signal)
    copyInside(value, level)
    return { ...value, inputs: value.inputs.map(input => again(input, level)) }
  }
}

/**
 * How many boundaries lie on the longest way to each value, and which block a node is computed in. What is computed
 * from parameters alone is in no block.
 */
function levelsOf(order: readonly Value[], boundaries: ReadonlySet<Value>) {
  const levels = new Map<Value, number>()
  const block = (value: Value): number | undefined => {
    const known = inputsOf(value).flatMap(input => levels.get(input) ?? [])
    return known.length > 0 ? Math.max(...known) : undefined
  }
  for (const value of order) {
    const inside = value.kind === 'input' ? 0 : block(value)
    if (inside !== undefined) levels.set(value, inside + (boundaries.has(value) ? 1 : 0))
  }
  return { levels, block }
}
