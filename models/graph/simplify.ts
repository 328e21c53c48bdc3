import { tensorKey } from './tensor-key.ts'
import type { Value } from './value.ts'
import { topological } from './walk.ts'

/**
 * Removes common subexpressions: values with the same op, parameters and inputs become one. Dead code goes
 * by itself, as only what an output needs is reached. Returns the outputs under their names.
 */
export function simplify<Name extends string>(outputs: Readonly<Record<Name, Value>>): Record<Name, Value> {
  const canonical = new Map<Value, Value>()
  const ids = new Map<Value, number>()
  const seen = new Map<string, Value>()
  const names = Object.keys(outputs) as Name[]
  for (const value of topological(names.map(name => outputs[name]))) {
    const inputs = value.kind === 'node' ? value.inputs.map(v => canonical.get(v) ?? v) : []
    const key = keyOf(
      value,
      inputs.map(v => ids.get(v) ?? -1),
    )
    let kept = seen.get(key)
    if (!kept) {
      const moved = value.kind === 'node' && value.inputs.some((v, i) => v !== inputs[i])
      kept = moved ? { ...value, inputs } : value
      seen.set(key, kept)
      ids.set(kept, ids.size)
    }
    canonical.set(value, kept)
  }
  return Object.fromEntries(names.map(name => [name, canonical.get(outputs[name])])) as Record<Name, Value>
}

function keyOf(value: Value, inputs: readonly number[]): string {
  switch (value.kind) {
    case 'input':
      return `input ${value.name} ${value.shape} ${value.dtype} ${value.axes}`
    case 'weight':
      return `weight ${value.shape} ${value.dtype} ${value.entry.offset} ${value.entry.file}`
    case 'constant':
      return `constant ${tensorKey(value.tensor)}`
    case 'node':
      return `${value.op.name} ${JSON.stringify(value.params)} ${inputs}`
  }
}
