import { atBroadcast, build, map, type Nd } from './nd.ts'

const broadcast = (f: (a: number, b: number) => number) => {
  return ([a, b]: readonly Nd[]): Nd => {
    const [x, y] = [a as Nd, b as Nd]
    const rank = Math.max(x.shape.length, y.shape.length)
    const padded = ({ shape }: Nd) => [...Array<number>(rank - shape.length).fill(1), ...shape]
    const other = padded(y)
    const shape = padded(x).map((size, axis) => Math.max(size, other[axis] as number))
    return build(shape, index => f(atBroadcast(x, index), atBroadcast(y, index)))
  }
}

const each = (f: (value: number) => number) => (inputs: readonly Nd[]) => map(inputs[0] as Nd, f)

/** The error function, by the series that has only positive terms. */
function errorFunction(x: number): number {
  let term = x
  let total = x
  for (let n = 1; n < 200; n++) {
    term *= (2 * x * x) / (2 * n + 1)
    total += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total
}

export const add = broadcast((a, b) => a + b)
export const mul = broadcast((a, b) => a * b)
export const after = ([x]: readonly Nd[]): Nd => x as Nd
export const sub = broadcast((a, b) => a - b)
export const div = broadcast((a, b) => a / b)
export const sin = each(Math.sin)
export const cos = each(Math.cos)
export const sigmoid = each(x => 1 / (1 + Math.exp(-x)))
export const exp = each(Math.exp)
export const log = each(Math.log)
export const sqrt = each(Math.sqrt)
export const abs = each(Math.abs)
export const sign = each(Math.sign)
export const erf = each(errorFunction)
export const gelu = each(x => (x * (1 + errorFunction(x / Math.SQRT2))) / 2)
