import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toOnnx } from '../../../models/graph/onnx/write.ts'
import { add } from '../../../models/graph/ops/add.ts'
import { sin } from '../../../models/graph/ops/sin.ts'
import { simplify } from '../../../models/graph/simplify.ts'
import { input, type Value } from '../../../models/graph/value.ts'
import { inputsOf, topological } from '../../../models/graph/walk.ts'
import { check } from './check.ts'
import { expressions } from './expressions.ts'

const x = input('x', { shape: [1], dtype: 'f32' })
const chain = (depth: number, next: (value: Value) => Value): Value => {
  let value: Value = x
  for (let i = 0; i < depth; i++) value = next(value)
  return value
}

test('each needed value comes once, after its inputs, and no other comes', () => {
  const property = fc.property(expressions('/weights'), outputs => {
    const order = topological(outputs)
    const places = new Map(order.map((value, place) => [value, place]))
    expect(places.size).toBe(order.length)
    const needed = new Set<Value>(outputs)
    for (const value of order.toReversed()) {
      expect(needed).toContain(value)
      for (const each of inputsOf(value)) {
        needed.add(each)
        expect(places.get(each)).toBeLessThan(places.get(value) as number)
      }
    }
    expect(order.length).toBe(needed.size)
  })
  fc.assert(property, check(100))
})

test('a graph of 50,000 values in a row does not overflow the stack', () => {
  const deep = chain(50_000, sin)
  expect(topological([deep])).toHaveLength(50_001)
  expect(topological([simplify({ deep }).deep])).toHaveLength(50_001)
  expect(toOnnx({ deep }).bytes.length).toBeGreaterThan(50_000)
})

test('a value that is used twice at every level is not walked twice at every level', () => {
  const wide = chain(1000, value => add(value, value))
  expect(topological([wide])).toHaveLength(1001)
  expect(topological([simplify({ wide }).wide])).toHaveLength(1001)
})
