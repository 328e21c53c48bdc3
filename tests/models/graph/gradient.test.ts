import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gradients } from '../../../models/graph/gradient.ts'
import { apply } from '../../../models/graph/op.ts'
import { abs } from '../../../models/graph/ops/abs.ts'
import { add } from '../../../models/graph/ops/add.ts'
import { cast } from '../../../models/graph/ops/cast.ts'
import { concat } from '../../../models/graph/ops/concat.ts'
import { gather } from '../../../models/graph/ops/gather.ts'
import type { OpName } from '../../../models/graph/ops/index.ts'
import { linear } from '../../../models/graph/ops/linear.ts'
import { log } from '../../../models/graph/ops/log.ts'
import { mul } from '../../../models/graph/ops/mul.ts'
import { sign } from '../../../models/graph/ops/sign.ts'
import { sin } from '../../../models/graph/ops/sin.ts'
import { split } from '../../../models/graph/ops/slice.ts'
import { sum } from '../../../models/graph/ops/sum.ts'
import { simplify } from '../../../models/graph/simplify.ts'
import { constant, input, ShapeError, scalar, type Value, type Weight } from '../../../models/graph/value.ts'
import { topological } from '../../../models/graph/walk.ts'
import { f32, i64, type Tensor } from '../../../models/tensor/tensor.ts'
import type { Case, CaseInput, Cases } from './cases/case.ts'
import { cases } from './cases/index.ts'
import { check } from './check.ts'
import { expressions, weightIndex, weightNumbers } from './expressions.ts'
import { expectGradients, lossOf } from './finite-differences.ts'
import { randomTensor } from './numbers.ts'
import { opNamed, opNames, type ParamsOf } from './op-name.ts'
import { evaluate } from './reference/evaluate.ts'
import { type Nd, toNd } from './reference/nd.ts'

/** Random applications of one op, its gradients with respect to every input that has one. */
function tryOp<K extends OpName>(name: K): void {
  const { cases: applications }: Cases<ParamsOf<K>> = cases[name]
  const tryCase = ({ params, inputs, sizes: [sizes] }: Case<ParamsOf<K>>, seed: number) => {
    const shapeOf = ({ dims }: CaseInput) => dims.map(dim => (typeof dim === 'string' ? (sizes[dim] as number) : dim))
    const tensors = inputs.map((x, i): Tensor => randomTensor(seed + i, shapeOf(x), x))
    const values = tensors.map((tensor, i) => input(`x${i}`, tensor))
    const y = apply(opNamed(name), values, params)
    const wrt = values.filter(({ dtype }) => dtype === 'f32')
    const numbers = new Map<Value, Nd>(values.map((value, i) => [value, toNd(tensors[i] as Tensor)]))
    if (y.dtype === 'f32') expectGradients(lossOf(y), wrt, value => numbers.get(value) as Nd)
  }
  fc.assert(fc.property(applications, fc.nat(2 ** 31 - 1), tryCase), check(25))
}

const reasonOf = (name: OpName): string | undefined => (opNamed(name).gradient as { readonly none?: string }).none

describe('each op has a gradient that agrees with finite differences', () => {
  // The reference rounds where it casts: that one is below.
  const smooth = opNames.filter(name => reasonOf(name) === undefined && name !== 'cast')
  test.each(smooth)('%s', { timeout: 60_000 }, tryOp)
})

test('an op that has none says why', () => {
  const without = opNames.filter(name => reasonOf(name) !== undefined)
  expect(without).toEqual(['sign'])
  for (const name of without) expect(reasonOf(name)).toMatch(/\w/)
})

const vector = (name: string, size = 4) => input(name, { shape: [size], dtype: 'f32' })
const [x, y] = [vector('x'), vector('y')]
const total = (value: Value) => sum(value, [0])
const compute = (value: Value | undefined, given: Readonly<Record<string, readonly number[]>> = {}) =>
  evaluate([value as Value], each => {
    const data = Float64Array.from((each.kind === 'input' && given[each.name]) || [])
    return { shape: each.shape, data }
  })[0]?.data

describe('casts', () => {
  test('between floats hand the gradient on, rounded to the type that it comes to', () => {
    const third = constant(f32(new Float32Array(4).fill(1 / 3)))
    for (const dtype of ['f64', 'f16', 'bf16'] as const) {
      const [gradient] = gradients(total(cast(cast(mul(x, third), dtype), 'f32')), [x])
      expect(gradient?.dtype).toBe('f32')
      expect(compute(gradient)).toEqual(new Float64Array(4).fill(Math.fround(1 / 3)))
    }
  })

  test('to whole numbers stop it', () => {
    const [gradient] = gradients(total(cast(cast(x, 'i64'), 'f32')), [x])
    expect(compute(gradient)).toEqual(new Float64Array(4))
  })
})

describe('whole graphs', () => {
  test('random ones, with parts that are used several times, agree with finite differences', () => {
    const property = fc.property(expressions('/weights'), fc.nat(2 ** 31 - 1), (outputs, seed) => {
      const loss = lossOf(concat(outputs, 0))
      const given = (value: Value) =>
        value.kind === 'weight'
          ? toNd(weightNumbers[weightIndex(value as Weight)] as Tensor)
          : toNd(randomTensor(seed + (value.kind === 'input' && value.name === 'x1' ? 1 : 0), [2, 3]))
      const { loss: simple } = simplify({ loss })
      const wrt = topological([simple]).filter(({ kind }) => kind === 'input' || kind === 'weight')
      expectGradients(simple, wrt, given)
    })
    fc.assert(property, check(100))
  })

  test('a gradient of a gradient: the rules are made of ops that have rules', () => {
    const [first] = gradients(total(mul(log(abs(x)), mul(sin(x), y))), [x])
    const numbers = new Map<Value, Nd>([x, y].map((value, i) => [value, toNd(randomTensor(i, [4]))]))
    expectGradients(lossOf(first as Value), [x, y], value => numbers.get(value) as Nd)
  })

  test('any value may be asked for, also the loss itself', () => {
    const inner = mul(x, y)
    const loss = total(mul(inner, inner))
    const [ofInner, ofLoss] = gradients(loss, [inner, loss])
    expect(compute(ofInner, { x: [1, 2, 3, 4], y: [1, 1, 2, 2] })).toEqual(Float64Array.of(2, 4, 12, 16))
    expect(compute(ofLoss)).toEqual(Float64Array.of(1))
  })

  test('inputs of the same name are one', () => {
    const [gradient] = gradients(total(mul(vector('x'), vector('x'))), [vector('x')])
    expect(compute(gradient, { x: [1, 2, 3, 4] })).toEqual(Float64Array.of(2, 4, 6, 8))
  })

  test('what the loss does not depend on, or not smoothly, gets zeros', () => {
    const ids = input('ids', { shape: [2], dtype: 'i64' })
    const loss = total(
      mul(sign(x), gather(constant(f32(Float32Array.of(1, 2, 3, 4))), gather(ids, constant(i64([0, 1, 0, 1]))))),
    )
    const results = gradients(loss, [x, y, scalar(3)])
    expect(results.map(({ shape }) => shape)).toEqual([[4], [4], []])
    for (const result of results) expect(compute(result)).toEqual(new Float64Array(result.shape[0] ?? 1))
  })

  test('slices of one value that make up the whole are joined, not padded and added', () => {
    const [a, b] = split(x, 0, 2) as [Value, Value]
    const [gradient] = gradients(total(mul(a, sin(b))), [x])
    const names = topological([gradient as Value]).flatMap(value => (value.kind === 'node' ? [value.op.name] : []))
    expect(names).toContain('concat')
    expect(names).not.toContain('pad')
  })

  test('nothing is built for frozen values: neither their gradients nor what lies before what is trained', () => {
    const matrix = (name: string) => input(name, { shape: [4, 4], dtype: 'f32' })
    const rows = input('rows', { shape: [2, 4], dtype: 'f32' })
    const frozen = sin(linear(rows, matrix('first')))
    const loss = lossOf(linear(sin(linear(frozen, matrix('trained'))), matrix('last')))
    const [gradient] = gradients(loss, [matrix('trained')])
    const values = topological(Object.values(simplify({ gradient: gradient as Value })))
    const used = values.filter(({ kind }) => kind === 'input').map(value => (value as { name: string }).name)
    // The frozen part is computed, forwards; of `last` only the product with it is taken.
    expect(used.toSorted()).toEqual(['first', 'last', 'rows', 'trained'])
    expect(values.filter(value => value.kind === 'node' && value.op.name === 'matmul')).toHaveLength(2)
    expect(values.filter(value => value.kind === 'node' && value.op.name === 'cos')).toHaveLength(1)
  })

  test('a chain of 20,000 values does not overflow the stack', () => {
    let value: Value = x
    for (let i = 0; i < 20_000; i++) value = add(sin(value), x)
    const [gradient] = gradients(total(value), [x])
    expect(topological([gradient as Value]).length).toBeGreaterThan(40_000)
  })
})

describe('between boundaries', () => {
  test('random graphs get the same gradients, whatever is a boundary', () => {
    const choices = fc.array(fc.nat(1000), { maxLength: 6 })
    const property = fc.property(expressions('/weights'), choices, (outputs, chosen) => {
      const loss = lossOf(concat(outputs, 0))
      const order = topological([loss])
      const wrt = order.filter(({ kind }) => kind === 'input')
      const given = (value: Value) =>
        value.kind === 'weight'
          ? toNd(weightNumbers[weightIndex(value as Weight)] as Tensor)
          : toNd(randomTensor(value.kind === 'input' && value.name === 'x1' ? 1 : 0, [2, 3]))
      const boundaries = chosen.map(place => order[place % order.length] as Value)
      const [anew, kept] = [evaluate(gradients(loss, wrt, boundaries), given), evaluate(gradients(loss, wrt), given)]
      expect(anew).toEqual(kept)
    })
    fc.assert(property, check(300))
  })

  test('the inside of all blocks but the first and the last is computed anew', () => {
    const forward: Value[] = [x]
    for (let i = 0; i < 12; i++) forward.push(sin(forward.at(-1) as Value))
    const loss = total(forward.at(-1) as Value)
    const [gradient] = gradients(
      loss,
      [x],
      [4, 8].map(place => forward[place] as Value),
    )
    const used = topological([gradient as Value])
    const taken = used.flatMap(value => (value.kind === 'node' && value.op.name === 'cos' ? value.inputs : []))
    expect(taken.map(value => forward.indexOf(value)).toSorted((a, b) => a - b)).toEqual([
      -1, -1, -1, -1, 0, 1, 2, 3, 8, 9, 10, 11,
    ])
    const sines = used.filter(value => value.kind === 'node' && value.op.name === 'sin')
    expect(sines.length).toBe(11 + 3)
  })
})

describe('a loss is one f32 number, and so are the numbers that it is taken to', () => {
  test.each([
    ['a vector', () => gradients(x, [x]), 'a loss is one f32 number; got f32 [4]'],
    [
      'an integer',
      () => gradients(input('n', { shape: [], dtype: 'i64' }), [x]),
      'a loss is one f32 number; got i64 []',
    ],
    ['ids', () => gradients(total(x), [constant(i64([1]))]), 'only f32 has gradients; got i64 [1]'],
  ])('%s is refused', (_, ask, message) => {
    expect(ask).toThrow(new ShapeError(message))
  })
})
