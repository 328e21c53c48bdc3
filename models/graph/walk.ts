import type { Value } from './value.ts'

export const inputsOf = (value: Value): readonly Value[] => (value.kind === 'node' ? value.inputs : [])

/** Every value that the outputs need, each once and after its inputs; what nothing needs is not visited. */
export function topological(outputs: readonly Value[]): Value[] {
  const order: Value[] = []
  const done = new Set<Value>()
  // An explicit stack: a network is thousands of values deep.
  const stack: { value: Value; next: number }[] = []
  for (const output of outputs) {
    stack.push({ value: output, next: 0 })
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const { value } = top
      const child = done.has(value) ? undefined : inputsOf(value)[top.next++]
      if (child) {
        if (!done.has(child)) stack.push({ value: child, next: 0 })
        continue
      }
      stack.pop()
      if (done.has(value)) continue
      done.add(value)
      order.push(value)
    }
  }
  return order
}
