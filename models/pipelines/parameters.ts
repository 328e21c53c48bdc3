import type { NetworkPart } from '../checkpoint/checkpoint.ts'
import { UserError } from '../errors.ts'
import { cast } from '../graph/ops/cast.ts'
import { transpose } from '../graph/ops/transpose.ts'
import { input, weight } from '../graph/value.ts'
import type { Parameters } from '../networks/parameters.ts'
import { isFloat } from '../tensor/dtype.ts'
import { type Shape, shapeText } from '../tensor/tensor.ts'

/** One parameter that a file does not give as its network needs it. */
export interface Problem {
  readonly kind: 'missing' | 'shape' | 'dtype'
  /** The name in the file, or that the file would use. */
  readonly key: string
  /** One sentence. */
  readonly message: string
}

/**
 * The parameters of one network as graph values: byte ranges of the file, widened to f32 by the runtime.
 * A parameter that is missing, of another shape or not of a float type is told to `report`, which may throw;
 * if it returns, a stand-in takes the parameter's place so that the rest can be looked at.
 */
export function parametersOf(
  part: NetworkPart,
  report: (problem: Problem) => void = problem => refuse([problem]),
): Parameters {
  return (name, shape) => {
    const problem = problemWith(part, name, shape)
    if (!problem) {
      const entry = part.table.get(name)
      if (entry && part.transposed?.has(name)) return transpose(cast(weight(entry), 'f32'), [1, 0])
      if (entry) return cast(weight(entry, shape), 'f32')
    } else report(problem)
    return input(`missing:${name}`, { shape, dtype: 'f32' })
  }
}

function problemWith(part: NetworkPart, name: string, shape: Shape): Problem | undefined {
  const entry = part.table.get(name)
  if (!entry) {
    const key = part.keyOf(name)
    return { kind: 'missing', key, message: `The ${part.noun} lacks ${key}.` }
  }
  const { key } = entry
  const wanted = part.transposed?.has(name) ? shape.toReversed() : shape
  if (entry.shape.join() !== wanted.join()) {
    const message = `${key} has the shape ${shapeText(entry.shape)} where ${shapeText(wanted)} is needed.`
    return { kind: 'shape', key, message }
  }
  if (!isFloat(entry.dtype)) {
    const message = `${key} holds integers (${entry.dtype}) where numbers with fractions are needed.`
    return { kind: 'dtype', key, message }
  }
  return undefined
}

/** Throws what is wrong with a file's parameters: the first, and how many more there are. */
export function refuse([first, ...more]: readonly [Problem, ...Problem[]]): never {
  const others = more.length === 0 ? '' : ` ${more.length} more of its tensors are missing or unusable.`
  throw new UserError(first.message + others, 'The file is damaged or not a complete model; download it again.')
}
