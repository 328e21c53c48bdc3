import { at, build, type Nd } from './nd.ts'

export function concat(inputs: readonly Nd[], { axis }: { readonly axis: number }): Nd {
  const total = inputs.map(({ shape }) => shape[axis] as number).reduce((a, b) => a + b, 0)
  return build((inputs[0] as Nd).shape.with(axis, total), index => {
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
