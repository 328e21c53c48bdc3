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

  const insides = Object.groupBy(
    order.filter(value => value.kind === 'node' && !kept.has(value)) as Node[],
    value => levels.get(value) ?? 0,
  )
  const copies = new Map<Value, Value>()
  /** For each block that is begun, what is kept as it sees it: not before its first gradient has arrived. */
  const begun = new Map<number, (kept: Value) => Value>()

  return (value, signal) => {
    const level = block(value) ?? 0
    if (level === 0 || level === last) return value
    const late = begun.get(level) ?? once(kept => after(kept, signal))
    const again = (input: Value): Value => {
      if (input.kind !== 'node' || input.dtype !== 'f32' || !levels.has(input)) return input
      return copies.get(input) ?? late(input)
    }
    const copy = (node: Node): Node => ({ ...node, inputs: node.inputs.map(again) })
    if (!begun.has(level)) {
      begun.set(level, late)
      for (const node of insides[level] ?? []) copies.set(node, copy(node))
    }
    return copy(value)
  }
}

/** A function that gives the same for the same. */
function once(make: (value: Value) => Value): (value: Value) => Value {
  const made = new Map<Value, Value>()
  return value => {
    const known = made.get(value) ?? make(value)
    made.set(value, known)
    return known
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
