import { at, atBroadcast, build, type Nd, sum as total } from './nd.ts'

export function concat(inputs: readonly Nd[], { axis }: { readonly axis: number }): Nd {
  const whole = inputs.map(({ shape }) => shape[axis] as number).reduce((a, b) => a + b, 0)
  return build((inputs[0] as Nd).shape.with(axis, whole), index => {
    let place = index[axis] as number
    for (const x of inputs) {
      const size = x.shape[axis] as number
      if (place < size) return at(x, index.with(axis, place))
      place -= size
    }
    throw new Error('beyond the last input')
  })
}

export function gather([x, indices]: readonly Nd[], { axis }: { readonly axis: number }): Nd {
  const [table, chosen] = [x as Nd, indices as Nd]
  const rank = chosen.shape.length
  return build([...table.shape.slice(0, axis), ...chosen.shape, ...table.shape.slice(axis + 1)], index => {
    const row = at(chosen, index.slice(axis, axis + rank))
    return at(table, [...index.slice(0, axis), row, ...index.slice(axis + rank)])
  })
}

export const expand = ([x]: readonly Nd[], { shape }: { readonly shape: readonly number[] }): Nd =>
  build(shape, index => atBroadcast(x as Nd, index))

export function pad(
  [x]: readonly Nd[],
  { before, after }: { readonly before: readonly number[]; readonly after: readonly number[] },
): Nd {
  const { shape } = x as Nd
  const padded = shape.map((size, axis) => (before[axis] as number) + size + (after[axis] as number))
  return build(padded, index => {
    const inner = index.map((i, axis) => i - (before[axis] as number))
    return inner.every((i, axis) => i >= 0 && i < (shape[axis] as number)) ? at(x as Nd, inner) : 0
  })
}

export function scatterAdd(
  [x, indices]: readonly Nd[],
  { axis, size }: { readonly axis: number; readonly size: number },
): Nd {
  const [slices, places] = [x as Nd, indices as Nd]
  return build(slices.shape.with(axis, size), index =>
    total(places.data.length, i => (places.data[i] === index[axis] ? at(slices, index.with(axis, i)) : 0)),
  )
}

export function reshape([x]: readonly Nd[], { sizes }: { readonly sizes: readonly number[] }): Nd {
  const { shape, data } = x as Nd
  const known = sizes.map((size, axis) => (size === 0 ? (shape[axis] as number) : size))
  const rest = data.length / known.reduce((a, size) => (size === -1 ? a : a * size), 1)
  return { shape: known.map(size => (size === -1 ? rest : size)), data }
}

export const reshapeLike = ([x, like]: readonly Nd[]): Nd => ({ shape: (like as Nd).shape, data: (x as Nd).data })

export function slice(
  [x]: readonly Nd[],
  { axis, start, end }: { readonly axis: number; readonly start: number; readonly end: number },
): Nd {
  const whole = x as Nd
  return build(whole.shape.with(axis, end - start), index =>
    at(whole, index.with(axis, start + (index[axis] as number))),
  )
}

export function sum([x]: readonly Nd[], { axes }: { readonly axes: readonly number[] }): Nd {
  const { shape } = x as Nd
  const count = axes.reduce((product, axis) => product * (shape[axis] as number), 1)
  return build(
    shape.map((size, axis) => (axes.includes(axis) ? 1 : size)),
    index =>
      total(count, i => {
        let rest = i
        const place = [...index]
        for (const axis of axes) {
          place[axis] = rest % (shape[axis] as number)
          rest = Math.floor(rest / (shape[axis] as number))
        }
        return at(x as Nd, place)
      }),
  )
}

export function transpose([x]: readonly Nd[], { order }: { readonly order: readonly number[] }): Nd {
  const { shape } = x as Nd
  return build(
    order.map(axis => shape[axis] as number),
    index =>
      at(
        x as Nd,
        shape.map((_, axis) => index[order.indexOf(axis)] as number),
      ),
  )
}
