import { contrib, type Emitter } from '../onnx/emitter.ts'
import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import { attentionGradients } from './attention-gradients.ts'

export interface AttentionParams {
  readonly heads: number
  readonly causal: boolean
}

export const attentionOp: Op<AttentionParams> = {
  name: 'attention',
  infer(inputs, { heads, causal }) {
    const [q, k, v] = inputs as [Value, Value, Value]
    const [batch, tokens, width] = q.shape as [number, number, number]
    if (
      inputs.some(
        ({ shape, dtype }) => shape.length !== 3 || shape[0] !== batch || shape[2] !== width || dtype !== 'f32',
      )
    )
      clash('attention', 'q, k and v must be f32 [batch, tokens, width]', inputs)
    if (width % heads !== 0) clash('attention', `the width does not divide into ${heads} heads`, inputs)
    if (k.shape[1] !== v.shape[1]) clash('attention', 'k and v differ in tokens', inputs)
    if (causal && k.shape[1] !== tokens) clash('attention', 'causal attention is of a text to itself', inputs)
    return { shape: q.shape, dtype: 'f32' }
  },
  emit: (emitter, inputs, { params, shape }) =>
    (emitter.fused.has('attention') ? fused : naive)(
      emitter,
      inputs as [string, string, string],
      params,
      shape[2] as number,
    ),
  gradient: (output, { inputs, params }) => attentionGradients(output, inputs as [Value, Value, Value], params),
}

type Emission = (emitter: Emitter, qkv: [string, string, string], params: AttentionParams, width: number) => string

/** onnxruntime's own operator: it never holds all scores at once. */
const fused: Emission = (emitter, qkv, { heads, causal }) =>
  emitter.node(`${contrib}MultiHeadAttention`, qkv, { num_heads: heads, ...(causal && { unidirectional: 1 }) })

const naive: Emission = (emitter, [q, k, v], { heads, causal }, width) => {
  const size = width / heads
  const perHead = (x: string, perm: number[]) =>
    emitter.node('Transpose', [emitter.node('Reshape', [x, emitter.integers(0, 0, heads, size)])], { perm })
  const scale = emitter.scalar(1 / Math.sqrt(size))
  const scaled = emitter.node('Mul', [perHead(q, [0, 2, 1, 3]), scale])
  const scores = emitter.node('MatMul', [scaled, perHead(k, [0, 2, 3, 1])])
  const seen = causal ? emitter.node('Add', [scores, causalMask(emitter, scores)]) : scores
  const mixed = emitter.node('MatMul', [emitter.node('Softmax', [seen], { axis: -1 }), perHead(v, [0, 2, 1, 3])])
  return emitter.node('Reshape', [
    emitter.node('Transpose', [mixed], { perm: [0, 2, 1, 3] }),
    emitter.integers(0, 0, width),
  ])
}

/** Minus a very large number above the diagonal of the scores' last two axes, zero elsewhere. */
function causalMask(emitter: Emitter, scores: string): string {
  const square = emitter.node('Shape', [scores], { start: -2 })
  const low = emitter.scalar(-1e30)
  return emitter.node('Trilu', [emitter.node('Expand', [low, square]), emitter.constant(oneI64)], { upper: 1 })
}

const oneI64 = { dtype: 'i64', shape: [], data: BigInt64Array.of(1n) } as const

/**
 * Scaled dot-product attention (Vaswani et al. 2017) in `heads` heads, scaled by 1/sqrt(width / heads):
 * q [batch, tokens, width], k and v [batch, other tokens, width]. `causal` hides later tokens.
 */
export const attention = (q: Value, k: Value, v: Value, heads: number, causal = false): Value =>
  apply(attentionOp, [q, k, v], { heads, causal })
