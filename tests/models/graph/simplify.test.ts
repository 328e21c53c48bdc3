import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toOnnx } from '../../../models/graph/onnx/write.ts'
import { add } from '../../../models/graph/ops/add.ts'
import { conv2d } from '../../../models/graph/ops/conv2d.ts'
import { cos } from '../../../models/graph/ops/cos.ts'
import { mul } from '../../../models/graph/ops/mul.ts'
import { sin } from '../../../models/graph/ops/sin.ts'
import { slice } from '../../../models/graph/ops/slice.ts'
import { simplify } from '../../../models/graph/simplify.ts'
import { constant, input, type Value, type Weight, weight } from '../../../models/graph/value.ts'
import { topological } from '../../../models/graph/walk.ts'
import type { TensorEntry } from '../../../models/tensor/entry.ts'
import { f32, i64 } from '../../../models/tensor/tensor.ts'
import { check } from './check.ts'
import { expressions, weightIndex, weightNumbers } from './expressions.ts'
import { expectNear, randomTensor } from './numbers.ts'
import { evaluate } from './reference/evaluate.ts'
import { type Nd, toNd } from './reference/nd.ts'
import { runAll } from './run-case.ts'

const x = input('x', { shape: [4], dtype: 'f32' })
const y = input('y', { shape: [4], dtype: 'f32' })
const entry: TensorEntry = { key: 'w', file: '/models/a', dtype: 'f32', shape: [4], offset: 8, bytes: 16 }
const numbers = (...values: number[]) => constant(f32(Float32Array.from(values)))

const merged = (a: Value, b: Value): boolean => {
  const simple = simplify({ a, b })
  return simple.a === simple.b
}

describe('equal values become one', () => {
  const equal: Record<string, () => Value> = {
    'a node': () => sin(x),
    'a node of equal nodes': () => add(sin(x), mul(sin(x), y)),
    'a node of equal constants': () => mul(x, numbers(1, 2, 3, 4)),
    'a node of equal weights': () => mul(x, weight({ ...entry })),
    'a node with equal parameters': () => slice(x, 0, 1, 3),
    'a constant': () => numbers(0.1, 0.2),
    'a weight': () => weight({ ...entry }),
    'a weight under two names': () => weight({ ...entry, key: `w${performance.now()}` }),
    'an input': () => input('x', { shape: [4], dtype: 'f32' }, ['n']),
  }
  test.each(Object.entries(equal))('%s', (_, make) => {
    expect(merged(make(), make())).toBe(true)
  })
})

describe('different values stay two', () => {
  const kernel = constant(f32(new Float32Array(9).fill(1), [1, 1, 3, 3]))
  const picture = input('p', { shape: [1, 1, 4, 4], dtype: 'f32' })
  const padded = (...padding: [number, number, number, number]) => conv2d(picture, kernel, undefined, { padding })
  const different: Record<string, [Value, Value]> = {
    'two ops': [sin(x), cos(x)],
    'two inputs': [sin(x), sin(y)],
    'one input more than once': [mul(x, x), mul(x, y)],
    'two ranges': [slice(x, 0, 0, 2), slice(x, 0, 1, 3)],
    'two paddings with the same numbers': [padded(0, 0, 1, 1), padded(1, 1, 0, 0)],
    'two constants': [numbers(1, 2), numbers(1, 3)],
    'numbers that print alike': [numbers(0), numbers(-0)],
    'numbers of two shapes': [
      constant(f32(Float32Array.of(1, 2), [1, 2])),
      constant(f32(Float32Array.of(1, 2), [2, 1])),
    ],
    'numbers of two types': [constant(f32(Float32Array.of(1))), constant(i64([1]))],
    'weights at two places': [weight(entry), weight({ ...entry, offset: 24 })],
    'weights of two files': [weight(entry), weight({ ...entry, file: '/models/b' })],
    'weights of two types': [weight(entry), weight({ ...entry, dtype: 'f16', shape: [8] })],
    'two readings of a weight': [weight(entry, [2, 2]), weight(entry, [4, 1])],
    'inputs of two shapes': [input('x', { shape: [4], dtype: 'f32' }), input('x', { shape: [5], dtype: 'f32' })],
  }
  test.each(Object.entries(different))('%s', (_, [a, b]) => {
    expect(merged(a, b)).toBe(false)
  })
})

test('what no output needs is not there', () => {
  const kept = sin(x)
  const dead = add(cos(kept), mul(y, weight(entry)))
  expect(dead.shape).toEqual([4])
  const values = topological(Object.values(simplify({ kept })))
  expect(values).toEqual([x, kept])
})

describe('random graphs', () => {
  let folder = ''
  const file = () => join(folder, 'weights.bin')
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cicerone-simplify-'))
    const bytes = weightNumbers.map(({ data }) => new Uint8Array(data.buffer as ArrayBuffer))
    await writeFile(file(), Buffer.concat(bytes))
  })
  afterAll(() => rm(folder, { recursive: true }))

  const given = (seed: number) => ({ x0: randomTensor(seed, [2, 3]), x1: randomTensor(seed + 1, [2, 3]) })
  const lookUp = (seed: number) => (value: Value) => {
    const inputs: Readonly<Record<string, ReturnType<typeof randomTensor>>> = given(seed)
    if (value.kind === 'input') return toNd(inputs[value.name] as never)
    return toNd(weightNumbers[weightIndex(value as Weight)] as never)
  }
  const named = (outputs: readonly Value[]) => Object.fromEntries(outputs.map((value, i) => [`y${i}`, value]))

  test('come out with each different part once, and with the same numbers', () => {
    const property = fc.property(expressions(file()), fc.nat(), (outputs, seed) => {
      const simple = Object.values(simplify(named(outputs)))
      expect(topological(simple)).toHaveLength(classes(outputs))
      expect(evaluate(simple, lookUp(seed))).toEqual(evaluate(outputs, lookUp(seed)))
    })
    fc.assert(property, check(300))
  })

  test('give the reference numbers in onnxruntime', { timeout: 60_000 }, async () => {
    const property = fc.asyncProperty(expressions(file()), fc.nat(), async (outputs, seed) => {
      const model = toOnnx(named(outputs))
      const needed = topological(outputs).flatMap(value => (value.kind === 'input' ? [value.name] : []))
      const inputs = Object.entries(given(seed)).filter(([name]) => needed.includes(name))
      const [results] = await runAll(model, [Object.fromEntries(inputs)])
      for (const [i, want] of evaluate(outputs, lookUp(seed)).entries()) expectNear(results?.[`y${i}`], want as Nd, 16)
    })
    await fc.assert(property, check(40))
  })
})

/** How many different expressions the outputs hold, found by comparing each with all before it. */
function classes(outputs: readonly Value[]): number {
  const found: Value[] = []
  const classOf = new Map<Value, number>()
  const same = (a: Value, b: Value): boolean => {
    if (a.kind === 'input' && b.kind === 'input') return a.name === b.name
    if (a.kind === 'weight' && b.kind === 'weight') return a.entry.offset === b.entry.offset
    if (a.kind === 'constant' && b.kind === 'constant')
      return a.shape.join() === b.shape.join() && a.tensor.data.every((n, i) => Object.is(n, b.tensor.data[i]))
    if (a.kind !== 'node' || b.kind !== 'node' || a.op !== b.op || a.inputs.length !== b.inputs.length) return false
    const [p, q] = [a.params, b.params] as Record<string, unknown>[]
    return (
      Object.keys(p as object).every(key => p?.[key] === q?.[key]) &&
      a.inputs.every((value, i) => classOf.get(value) === classOf.get(b.inputs[i] as Value))
    )
  }
  for (const value of topological(outputs)) {
    const known = found.findIndex(other => same(value, other))
    classOf.set(value, known < 0 ? found.push(value) - 1 : known)
  }
  return found.length
}
