import { describe, expect, test } from 'vitest'
import { apply } from '../../../models/graph/op.ts'
import type { OpName } from '../../../models/graph/ops/index.ts'
import { split } from '../../../models/graph/ops/slice.ts'
import { input, ShapeError, typeText, weight } from '../../../models/graph/value.ts'
import { type Clash, clashes } from './cases/clashes.ts'
import { opNamed, opNames, type ParamsOf } from './op-name.ts'

/** What an op says of inputs that do not fit. */
function refusal<K extends OpName>(name: K, [inputs, params]: Clash<ParamsOf<K>>): unknown {
  try {
    const { shape } = apply(opNamed(name), inputs, params)
    return new Error(`accepted as [${shape}]`)
  } catch (error) {
    return error
  }
}

describe('inputs that do not fit are refused, and the message shows the types of all', () => {
  const table = opNames.flatMap(name =>
    clashes[name].map(clash => {
      const [inputs, params] = clash as Clash<ParamsOf<typeof name>>
      return {
        name,
        types: inputs.map(typeText).join(' and '),
        params: JSON.stringify(params),
        error: refusal(name, [inputs, params]),
      }
    }),
  )
  test.each(table)('$name of $types, $params', ({ name, types, error }) => {
    expect(error).toBeInstanceOf(ShapeError)
    const { message } = error as ShapeError
    expect(message.startsWith(`${name}: `), message).toBe(true)
    expect(message.endsWith(`; got ${types}`), message).toBe(true)
  })
})

test('the sizes asked for are shown too', () => {
  const x = input('x', { shape: [2, 6], dtype: 'f32' })
  const asked = refusal('reshape', [[x], { sizes: [5, -1] }])
  expect((asked as Error).message).toBe('reshape: cannot become [5, -1]; got f32 [2, 6]')
})

test('a weight is not read as a shape of another number of elements', () => {
  const entry = { key: 'proj.weight', file: '/w', dtype: 'f16', shape: [8, 4, 1, 1], offset: 0, bytes: 64 } as const
  expect(() => weight(entry, [8, 5])).toThrow(new ShapeError('proj.weight [8, 4, 1, 1] cannot be read as [8, 5]'))
  expect(weight(entry, [8, 4]).shape).toEqual([8, 4])
})

test('an axis is only split into equal parts', () => {
  const x = input('x', { shape: [2, 5], dtype: 'f32' })
  expect(() => split(x, 1, 2)).toThrow(ShapeError)
  expect(split(x, 1, 5).map(({ shape }) => shape)).toEqual(Array(5).fill([2, 1]))
})
