import fc from 'fast-check'
import { add } from '../../../models/graph/ops/add.ts'
import { concat } from '../../../models/graph/ops/concat.ts'
import { cos } from '../../../models/graph/ops/cos.ts'
import { mul } from '../../../models/graph/ops/mul.ts'
import { sigmoid } from '../../../models/graph/ops/sigmoid.ts'
import { sin } from '../../../models/graph/ops/sin.ts'
import { slice } from '../../../models/graph/ops/slice.ts'
import { constant, input, type Value, type Weight, weight } from '../../../models/graph/value.ts'
import { f32 } from '../../../models/tensor/tensor.ts'
import { randomTensor } from './numbers.ts'

const shape = [2, 3]

const bytesEach = 24

/** The weights of the expressions: tensors one after another in one file. */
export const weightNumbers = Array.from({ length: 4 }, (_, i) => randomTensor(900 + i, shape))

/** Which of `weightNumbers` a weight is. */
export const weightIndex = ({ entry }: Weight): number => entry.offset / bytesEach

/** A leaf made anew each time, so that equal ones are different objects. */
const leaves: readonly ((choice: number, file: string) => Value)[] = [
  i => input(`x${i % 2}`, { shape, dtype: 'f32' }),
  i => constant(f32(new Float32Array(6).fill([0.5, -0.25, 0][i % 3] as number), shape)),
  (i, file) => {
    const offset = (i % weightNumbers.length) * bytesEach
    return weight({ key: `w${i}`, file, dtype: 'f32', shape, offset, bytes: bytesEach })
  },
]

/** Steps that keep the shape and stay within -1..1, so that errors do not grow with the depth. */
const steps: readonly ((a: Value, b: Value) => Value)[] = [
  (a, b) => mul(add(a, b), constant(f32(Float32Array.of(0.5), []))),
  (a, b) => mul(a, b),
  a => sin(a),
  a => cos(a),
  a => sigmoid(a),
  a => concat([slice(a, 1, 1, 3), slice(a, 1, 0, 1)], 1),
  a => concat([slice(a, 0, 1, 2), slice(a, 0, 0, 1)], 0),
  (a, b) => concat([slice(a, 1, 0, 1), slice(b, 1, 0, 2)], 1),
]

const choice = fc.nat(1000)
const instruction = fc.record({ leaf: fc.boolean(), kind: choice, a: choice, b: choice })

/** Small random graphs with many equal parts, one to three outputs; their weights lie in `file`. */
export const expressions = (file: string): fc.Arbitrary<Value[]> =>
  fc
    .tuple(fc.array(instruction, { minLength: 4, maxLength: 24 }), fc.array(choice, { minLength: 1, maxLength: 3 }))
    .map(([instructions, outputs]) => {
      const pick = <T>(from: readonly T[], place: number) => from[place % from.length] as T
      const values = leaves.map(leaf => leaf(0, file))
      for (const { leaf, kind, a, b } of instructions)
        values.push(leaf ? pick(leaves, kind)(a, file) : pick(steps, kind)(pick(values, a), pick(values, b)))
      return outputs.map(place => pick(values.toReversed(), place))
    })
