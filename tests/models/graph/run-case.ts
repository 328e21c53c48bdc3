import { expect } from 'vitest'
import { type OnnxModel, toOnnx } from '../../../models/graph/onnx/write.ts'
import { apply, type Op } from '../../../models/graph/op.ts'
import { cast } from '../../../models/graph/ops/cast.ts'
import { constant, input, type Value } from '../../../models/graph/value.ts'
import { openSession } from '../../../models/runtime/session.ts'
import type { Tensor } from '../../../models/tensor/tensor.ts'
import type { Case, CaseInput, Sizes } from './cases/case.ts'
import { expectNear, randomTensor } from './numbers.ts'
import { type Nd, toNd } from './reference/nd.ts'

export interface Trial {
  /** Of the inputs' numbers. */
  readonly seed: number
  /** Whether inputs without free sizes are part of the graph, as the parameters of a layer are. */
  readonly constants: boolean
}

/**
 * Writes an op once, runs it at both settings of the free sizes, and expects the shape and the numbers of the
 * reference; where the naive emission is another graph, of that one too.
 */
export async function runCase<P>(
  op: Op<P>,
  reference: (inputs: readonly Nd[], params: P) => Nd,
  ulps: number,
  { params, inputs, sizes }: Case<P>,
  { seed, constants }: Trial,
): Promise<void> {
  const isConstant = (i: number) => constants && (inputs[i] as CaseInput).dims.every(dim => typeof dim === 'number')
  const tensors = sizes.map((setting, run) =>
    inputs.map((x, i) => randomTensor(seed + i + (isConstant(i) ? 0 : 100 * run), shapeOf(x, setting), x)),
  )
  const values = (run: 0 | 1) =>
    inputs.map((x, i) => {
      const tensor = tensors[run]?.[i] as Tensor
      const axes = x.dims.map(dim => (typeof dim === 'string' ? dim : null))
      return cast(isConstant(i) ? constant(tensor) : input(`x${i}`, tensor, axes), x.dtype)
    })
  const made = apply(op, values(0), params)
  const y = made.dtype === 'i64' ? made : cast(made, 'f32')
  const fused = toOnnx({ y })
  const naive = toOnnx({ y }, { fused: [] })
  const same = Buffer.from(fused.bytes).equals(naive.bytes)

  for (const [form, model] of Object.entries(same ? { fused } : { fused, naive })) {
    const results = await runAll(
      model,
      tensors.map(run => Object.fromEntries(run.flatMap((x, i) => (isConstant(i) ? [] : [[`x${i}`, x]])))),
    )
    for (const run of [0, 1] as const) {
      const what = `${form} at ${JSON.stringify(sizes[run])}`
      const result = results[run]?.y as Tensor
      const rule: Value = apply(op, values(run), params)
      expect(rule.shape, `${what}: shape rule`).toEqual(result.shape)
      expect(result.dtype, `${what}: type rule`).toBe(rule.dtype === 'i64' ? 'i64' : 'f32')
      expectNear(result, reference((tensors[run] as Tensor[]).map(toNd), params), ulps, what)
    }
  }
}

const shapeOf = ({ dims }: CaseInput, sizes: Sizes): number[] =>
  dims.map(dim => (typeof dim === 'string' ? (sizes[dim] as number) : dim))

/** The graph's outputs for each set of inputs, from one session. */
export async function runAll(
  model: OnnxModel,
  inputs: readonly Readonly<Record<string, Tensor>>[],
): Promise<Record<string, Tensor>[]> {
  const session = await openSession(model, { threads: 1 })
  try {
    const results: Record<string, Tensor>[] = []
    for (const given of inputs) results.push(await session.run(given))
    return results
  } finally {
    await session.release()
  }
}
