/** Sizes of the axes, outermost first; [] is a scalar. */
export type Shape = readonly number[]

/** Number of elements of a shape. */
export const elements = (shape: Shape): number => shape.reduce((n, size) => n * size, 1)

/** `[1, 4, 64, 64]`: how shapes are written in messages. */
export const shapeText = (shape: Shape): string => `[${shape.join(', ')}]`

/** Values in memory, row-major. `f32` holds numbers, `i64` token ids and timesteps. */
export type Tensor = F32Tensor | I64Tensor

export interface F32Tensor {
  readonly dtype: 'f32'
  readonly shape: Shape
  readonly data: Float32Array
}

export interface I64Tensor {
  readonly dtype: 'i64'
  readonly shape: Shape
  readonly data: BigInt64Array
}

export const f32 = (data: Float32Array, shape: Shape = [data.length]): F32Tensor => ({ dtype: 'f32', shape, data })

export const i64 = (values: readonly number[], shape: Shape = [values.length]): I64Tensor => ({
  dtype: 'i64',
  shape,
  data: BigInt64Array.from(values, BigInt),
})
