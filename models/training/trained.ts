import type { NetworkPart } from '../checkpoint/checkpoint.ts'
import { type Input, input } from '../graph/value.ts'
import type { Parameters } from '../networks/parameters.ts'
import { parametersOf } from '../pipelines/parameters.ts'
import type { Generator } from '../tensor/random.ts'
import { readTensor } from '../tensor/safetensors/read.ts'
import { elements, type F32Tensor, f32, type Shape } from '../tensor/tensor.ts'
import { normals } from './random.ts'

/** Gives the first value of a parameter. */
export type Start = (name: string, shape: Shape) => F32Tensor | Promise<F32Tensor>

/** The parameters that are trained: inputs of the graph, while frozen ones stay in their files. */
export class Trained {
  readonly inputs = new Map<string, Input>()
  readonly #starts = new Map<string, () => F32Tensor | Promise<F32Tensor>>()

  /** A network's parameters, as inputs under `prefix` and their name. */
  parameters(prefix: string, start: Start): Parameters {
    return (name, shape) => {
      const key = prefix + name
      const known = this.inputs.get(key)
      if (known) return known
      const made = input(key, { shape, dtype: 'f32' })
      this.inputs.set(key, made)
      this.#starts.set(key, () => start(name, shape))
      return made
    }
  }

  /** The first values of all that was asked for. */
  async initial(): Promise<Map<string, F32Tensor>> {
    const tensors = new Map<string, F32Tensor>()
    for (const [key, start] of this.#starts) tensors.set(key, await start())
    return tensors
  }
}

/** The weights of a part as they lie in its file. Throws `UserError` where one is missing or unusable. */
export function fromPart(part: NetworkPart): Start {
  const checked = parametersOf(part)
  return async (name, shape) => {
    checked(name, shape)
    const { data } = await readTensor(part.table.get(name) as NonNullable<ReturnType<typeof part.table.get>>)
    const values = data as Float32Array
    return f32(part.transposed?.has(name) ? transposed(values, shape) : values, shape)
  }
}

/**
 * Random weights, each spread by the size of what it takes (uniform in 1 / sqrt(fan-in), as torch's layers have it),
 * embeddings normal with 0.02 as CLIP's; norms begin at 1, biases at 0.
 */
export const fresh =
  (generator: Generator): Start =>
  (name, shape) => {
    const count = elements(shape)
    if (shape.length === 1) return f32(new Float32Array(count).fill(name.endsWith('.weight') ? 1 : 0), shape)
    if (/embedding\.weight$/.test(name))
      return f32(
        normals(generator, count).map(value => value * 0.02),
        shape,
      )
    const bound = 1 / Math.sqrt(elements(shape.slice(1)))
    return f32(
      generator.uniforms(count).map(value => (value * 2 - 1) * bound),
      shape,
    )
  }

/** Matrices that lie in their file with their axes in the other order. */
function transposed(values: Float32Array, [rows = 0, columns = 0]: Shape): Float32Array {
  return Float32Array.from(values, (_, i) => values[(i % columns) * rows + Math.floor(i / columns)] as number)
}
