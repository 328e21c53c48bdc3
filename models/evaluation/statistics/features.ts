/** Vectors of the same width, one after another: a row for each example. */
export interface Features {
  readonly rows: Float32Array
  readonly width: number
}

export const rowOf = ({ rows, width }: Features, index: number): Float32Array =>
  rows.subarray(index * width, (index + 1) * width)

/** The product of two vectors. */
export function dot(a: Float32Array | Float64Array, b: Float32Array | Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}
