import { f32 } from '../../tensor/tensor.ts'
import { constant, scalar, type Value } from '../value.ts'
import { add } from './add.ts'
import type { AttentionParams } from './attention.ts'
import { matmul } from './matmul.ts'
import { mul } from './mul.ts'
import { reshape } from './reshape.ts'
import { softmax } from './softmax.ts'
import { sub } from './sub.ts'
import { sum } from './sum.ts'
import { transpose, transposed } from './transpose.ts'

/**
 * Gradients of attention's queries, keys and values. The probabilities are computed anew: kept from the forward pass
 * they would take tokens^2 numbers a head at every layer.
 */
export function attentionGradients(
  output: Value,
  [q, k, v]: readonly [Value, Value, Value],
  { heads, causal }: AttentionParams,
): [Value, Value, Value] {
  const width = q.shape[2] as number
  const size = width / heads
  const perHead = (x: Value) => transpose(reshape(x, [0, 0, heads, size]), [0, 2, 1, 3])
  const together = (x: Value) => reshape(transpose(x, [0, 2, 1, 3]), [0, 0, width])
  const queries = mul(perHead(q), scalar(1 / Math.sqrt(size)))
  const [keys, values, mixed] = [perHead(k), perHead(v), perHead(output)]

  const scores = matmul(queries, transposed(keys))
  const probabilities = softmax(causal ? add(scores, later(q.shape[1] as number)) : scores)
  const forProbabilities = matmul(mixed, transposed(values))
  const share = sum(mul(forProbabilities, probabilities), [3])
  const forScores = mul(probabilities, sub(forProbabilities, share))
  return [
    together(mul(matmul(forScores, keys), scalar(1 / Math.sqrt(size)))),
    together(matmul(transposed(forScores), queries)),
    together(matmul(transposed(probabilities), mixed)),
  ]
}

/** What hides later tokens, [tokens, tokens]: minus a very large number above the diagonal. */
function later(tokens: number): Value {
  const mask = Float32Array.from({ length: tokens ** 2 }, (_, i) => (i % tokens > Math.floor(i / tokens) ? -1e30 : 0))
  return constant(f32(mask, [tokens, tokens]))
}
