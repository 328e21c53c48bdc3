import { elements, type F32Tensor, type Shape } from '../tensor/tensor.ts'
import { type AdamWSettings, adamw } from './optimize/adamw.ts'
import { moveMean } from './optimize/ema.ts'

/** One tensor that is trained, with what is kept beside it. All have its number of elements. */
export interface TrainedTensor {
  readonly name: string
  readonly shape: Shape
  readonly weights: Float32Array
  /** Running mean of the weights. */
  readonly ema: Float32Array
  /** Sum of the gradients of a step's batches. */
  readonly gradient: Float32Array
  /** AdamW's running means of the gradient and of its square. */
  readonly mean: Float32Array
  readonly square: Float32Array
}

/** Everything that training changes. */
export class Weights {
  readonly tensors: readonly TrainedTensor[]

  constructor(initial: ReadonlyMap<string, F32Tensor>) {
    this.tensors = [...initial].map(([name, { shape, data }]) => {
      const zeros = () => new Float32Array(elements(shape))
      return {
        name,
        shape,
        weights: data.slice(),
        ema: data.slice(),
        gradient: zeros(),
        mean: zeros(),
        square: zeros(),
      }
    })
  }

  /** Forgets the gradients of the step before. */
  clearGradients(): void {
    for (const { gradient } of this.tensors) gradient.fill(0)
  }

  /** Adds one batch's gradient of a tensor. */
  addGradient({ gradient }: TrainedTensor, of: Float32Array): void {
    for (let i = 0; i < gradient.length; i++) gradient[i] = (gradient[i] as number) + (of[i] as number)
  }

  /** One step of AdamW with the gradients times `scale`, then of the running mean. Decay acts on matrices alone. */
  update(step: number, scale: number, settings: AdamWSettings, emaDecay: number): void {
    for (const tensor of this.tensors) {
      const weightDecay = tensor.shape.length > 1 ? settings.weightDecay : 0
      adamw(tensor.weights, tensor.gradient, tensor, step, scale, { ...settings, weightDecay })
      moveMean(tensor.ema, tensor.weights, emaDecay)
    }
  }

  /** The weights as inputs of a session. They are not copied. */
  inputs(): Record<string, F32Tensor> {
    return Object.fromEntries(
      this.tensors.map(({ name, shape, weights }) => [name, { dtype: 'f32', shape, data: weights }]),
    )
  }

  /** The running means: what is kept in the end. */
  result(): Map<string, F32Tensor> {
    return new Map(this.tensors.map(({ name, shape, ema }) => [name, { dtype: 'f32', shape, data: ema }]))
  }
}
