import type { Value } from '../value.ts'
import { concat } from './concat.ts'
import type { Conv2dParams } from './conv2d.ts'
import { matmul } from './matmul.ts'
import { pad } from './pad.ts'
import { reshape } from './reshape.ts'
import { slice } from './slice.ts'
import { transpose } from './transpose.ts'

/**
 * The gradient of a convolution's weight, [out, in, *kernel], from its picture x [n, in, h, w] and the gradient of its
 * result [n, out, h', w']: one product of matrices for each place of the kernel, over all pixels and pictures.
 */
export function conv2dWeight(
  x: Value,
  output: Value,
  [rows, columns]: readonly [number, number],
  { stride, padding: [top, left, bottom, right] }: Conv2dParams,
): Value {
  const [n, channels, height, width] = x.shape as [number, number, number, number]
  const [, out, h, w] = output.shape as [number, number, number, number]
  // With the channels last each shifted part is copied in long runs, and a product runs over all pictures at once.
  const down = Math.ceil((height + top + bottom) / stride)
  const across = Math.ceil((width + left + right) / stride)
  const padded = pad(
    transpose(x, [0, 2, 3, 1]),
    [0, top, left, 0],
    [0, down * stride - top - height, across * stride - left - width, 0],
  )
  // Pixels by their place in a block of the stride, so that every part is a plain slice.
  const blocks = stride === 1 ? padded : reshape(padded, [n, down, stride, across, stride * channels])
  const gradient = reshape(transpose(output, [1, 0, 2, 3]), [out, n * h * w])
  const products: Value[] = []
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const part = shifted(blocks, { row, column, stride, h, w, channels })
      products.push(reshape(matmul(gradient, reshape(part, [n * h * w, channels])), [1, out, channels]))
    }
  return reshape(transpose(concat(products, 0), [1, 2, 0]), [out, channels, rows, columns])
}

interface Shift {
  readonly row: number
  readonly column: number
  readonly stride: number
  readonly h: number
  readonly w: number
  readonly channels: number
}

/** The pixels [n, h, w, channels] that one place of the kernel sees. */
function shifted(blocks: Value, { row, column, stride, h, w, channels }: Shift): Value {
  const [y, x] = [Math.floor(row / stride), Math.floor(column / stride)]
  const part = (value: Value, axis: number, start: number, size: number) =>
    value.shape[axis] === size ? value : slice(value, axis, start, start + size)
  const down = part(blocks, 1, y, h)
  if (stride === 1) return part(down, 2, x, w)
  const across = part(part(down, 2, row % stride, 1), 3, x, w)
  return part(across, 4, (column % stride) * channels, channels)
}
