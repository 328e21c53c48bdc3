import { elements, type F32Tensor, f32, type Shape } from '../../../models/tensor/tensor.ts'

/** Products of tensors in plain loops, in double precision, as the papers write them. */
const at = ({ data, shape }: F32Tensor, ...place: number[]): number =>
  data[place.reduce((index, i, axis) => index * (shape[axis] as number) + i, 0)] as number

/** A tensor from what stands at each place. */
function fill(shape: Shape, of: (...place: number[]) => number): F32Tensor {
  const data = Float32Array.from({ length: elements(shape) }, (_, index) => {
    let rest = index
    const place = shape.map((_, axis) => {
      const size = elements(shape.slice(axis + 1))
      const i = Math.floor(rest / size)
      rest %= size
      return i
    })
    return of(...place)
  })
  return f32(data, shape)
}

const sum = (count: number, of: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => of(i)).reduce((total, value) => total + value, 0)

const flat = (x: F32Tensor): F32Tensor => f32(x.data, [x.shape[0] as number, elements(x.shape.slice(1))])

export const matmul = (a: F32Tensor, b: F32Tensor): F32Tensor => {
  const [left, right] = [flat(a), flat(b)]
  return fill([left.shape[0] as number, right.shape[1] as number], (i, j) =>
    sum(right.shape[0] as number, k => at(left, i as number, k) * at(right, k, j as number)),
  )
}

export const hadamard = (a: F32Tensor, b: F32Tensor): F32Tensor =>
  f32(
    a.data.map((value, i) => value * (b.data[i] as number)),
    a.shape,
  )

/** einsum('i j h w, i p, j r -> p r h w') */
export const tucker = (core: F32Tensor, left: F32Tensor, right: F32Tensor): F32Tensor => {
  const [m, n, h, w] = core.shape as [number, number, number, number]
  return fill([left.shape[1] as number, right.shape[1] as number, h, w], (p = 0, r = 0, y = 0, x = 0) =>
    sum(m, i => sum(n, j => at(core, i, j, y, x) * at(left, i, p) * at(right, j, r))),
  )
}

export const kron = (a: F32Tensor, b: F32Tensor): F32Tensor => {
  const [left, right] = [flat(a), flat(b)]
  const [rows, columns] = right.shape as [number, number]
  return fill(
    [(left.shape[0] as number) * rows, (left.shape[1] as number) * columns],
    (i = 0, j = 0) => at(left, Math.floor(i / rows), Math.floor(j / columns)) * at(right, i % rows, j % columns),
  )
}

export const turned = (x: F32Tensor): F32Tensor => {
  const [rows, columns] = flat(x).shape as [number, number]
  return fill([columns, rows], (i = 0, j = 0) => at(flat(x), j, i))
}
