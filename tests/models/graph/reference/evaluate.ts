import type { OpName } from '../../../../models/graph/ops/index.ts'
import type { Value } from '../../../../models/graph/value.ts'
import { reference } from './index.ts'
import { type Nd, toNd } from './nd.ts'

/** Evaluates a whole graph by the reference; `given` says the numbers of an input or a weight. */
export function evaluate(outputs: readonly Value[], given: (value: Value) => Nd): Nd[] {
  const known = new Map<Value, Nd>()
  const visit = (value: Value): Nd => {
    const done = known.get(value)
    if (done) return done
    const result = compute(value)
    known.set(value, result)
    return result
  }
  const compute = (value: Value): Nd => {
    if (value.kind === 'constant') return toNd(value.tensor)
    if (value.kind !== 'node') return given(value)
    const rule = reference[value.op.name as OpName] as (inputs: readonly Nd[], params: unknown) => Nd
    return rule(value.inputs.map(visit), value.params)
  }
  return outputs.map(visit)
}
