import { fromBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Attributes } from '../../../../models/graph/onnx/emitter.ts'
import { ModelProtoSchema } from '../../../../models/graph/onnx/onnx_pb.js'
import { type Emission, toOnnx } from '../../../../models/graph/onnx/write.ts'
import { apply, none, type Op } from '../../../../models/graph/op.ts'
import { add } from '../../../../models/graph/ops/add.ts'
import { attention } from '../../../../models/graph/ops/attention.ts'
import { conv2d } from '../../../../models/graph/ops/conv2d.ts'
import { cos } from '../../../../models/graph/ops/cos.ts'
import { mul } from '../../../../models/graph/ops/mul.ts'
import { reshape } from '../../../../models/graph/ops/reshape.ts'
import { reshapeLike } from '../../../../models/graph/ops/reshape-like.ts'
import { sigmoid } from '../../../../models/graph/ops/sigmoid.ts'
import { transpose } from '../../../../models/graph/ops/transpose.ts'
import { constant, input, ShapeError, type Value } from '../../../../models/graph/value.ts'
import { f32, i64 } from '../../../../models/tensor/tensor.ts'
import { check } from '../check.ts'
import { runAll } from '../run-case.ts'

const x = input('x', { shape: [1, 2, 4, 4], dtype: 'f32' }, ['n', null, 'h', 'w'])

/** The graph as a reader of ONNX sees it. */
function graphOf(outputs: Readonly<Record<string, Value>>, options?: Partial<Emission>) {
  const { graph, ...model } = fromBinary(ModelProtoSchema, toOnnx(outputs, options).bytes)
  if (!graph) throw new Error('no graph')
  return { ...graph, model, types: graph.node.map(({ opType }) => opType) }
}

describe('a graph without weights', () => {
  const model = toOnnx({ double: add(x, x), same: x, two: constant(f32(Float32Array.of(2))) })

  test('names no folder and no file', () => {
    expect(model).toEqual({ bytes: expect.any(Uint8Array), files: [], outputs: ['double', 'same', 'two'] })
  })

  test('may return an input, a constant and one value twice', async () => {
    const given = f32(Float32Array.of(1, 2, 3, 4), [1, 2, 1, 2])
    const [result] = await runAll(model, [{ x: given }])
    expect(result).toEqual({
      double: f32(Float32Array.of(2, 4, 6, 8), [1, 2, 1, 2]),
      same: given,
      two: f32(Float32Array.of(2)),
    })
    const [both] = await runAll(toOnnx({ a: sigmoid(x), b: sigmoid(x) }), [{ x: given }])
    expect(both?.a).toEqual(both?.b)
  })

  test('takes and returns whole numbers', async () => {
    const ids = input('ids', { shape: [3], dtype: 'i64' }, ['n'])
    const [result] = await runAll(toOnnx({ y: add(ids, constant(i64([1]))) }), [{ ids: i64([7, -8, 2 ** 40]) }])
    expect(result).toEqual({ y: i64([8, -7, 2 ** 40 + 1]) })
  })
})

test('named axes stay free and the others are fixed', () => {
  const [written] = graphOf({ y: sigmoid(x) }).input
  const type = written?.type?.value
  const dims = type?.case === 'tensorType' ? type.value.shape?.dim.map(({ value }) => value) : []
  expect(dims?.map(dim => dim?.value)).toEqual(['n', 2n, 'h', 'w'])
})

test('what no output needs is not written', () => {
  const unused = input('unused', x)
  const dead = [cos(x), mul(x, unused)]
  expect(dead).toHaveLength(2)
  const { types, input: inputs, initializer } = graphOf({ y: sigmoid(x) })
  expect(types).toEqual(['Sigmoid', 'Identity'])
  expect(inputs.map(({ name }) => name)).toEqual(['x'])
  expect(initializer).toEqual([])
})

test('equal values are written once', () => {
  const same = () => mul(sigmoid(x), constant(f32(Float32Array.of(3))))
  const { types, initializer } = graphOf({ y: add(same(), same()), z: same() })
  expect(types).toEqual(['Sigmoid', 'Mul', 'Add', 'Identity', 'Identity'])
  expect(initializer).toHaveLength(1)
})

test('equal helper nodes of different ops are written once', () => {
  const tokens = (value: Value) => reshape(value, [0, 0, -1])
  const [a, b] = [reshapeLike(tokens(sigmoid(x)), x), reshapeLike(tokens(cos(x)), x)]
  const { types, initializer } = graphOf({ y: add(a, b) })
  expect(types.filter(type => type === 'Shape')).toHaveLength(1)
  expect(types.filter(type => type === 'Reshape')).toHaveLength(4)
  expect(initializer).toHaveLength(1)
})

describe("onnxruntime's own operators", () => {
  const q = input('q', { shape: [1, 4, 8], dtype: 'f32' })
  const y = attention(q, q, q, 2, true)

  test('are written where they may be used, with their domain', () => {
    const { model, node } = graphOf({ y })
    expect(node.map(({ opType, domain }) => [opType, domain])).toEqual([
      ['MultiHeadAttention', 'com.microsoft'],
      ['Identity', ''],
    ])
    expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([
      ['', 21n],
      ['com.microsoft', 1n],
    ])
  })

  test('are not in the naive form', () => {
    const { model, node } = graphOf({ y }, { fused: [] })
    expect(node.every(({ domain }) => domain === '')).toBe(true)
    expect(model.opsetImport.map(({ domain }) => domain)).toEqual([''])
  })
})

describe('names', () => {
  test('of inputs and outputs never meet those of the values between', async () => {
    const [a, b] = [input('v0', { shape: [2], dtype: 'f32' }), input('v1', { shape: [2], dtype: 'f32' })]
    const model = toOnnx({ v2: add(mul(a, b), constant(f32(Float32Array.of(1, 1)))), v3: sigmoid(a) })
    const [result] = await runAll(model, [{ v0: f32(Float32Array.of(2, 3)), v1: f32(Float32Array.of(5, 7)) }])
    expect(result?.v2).toEqual(f32(Float32Array.of(11, 22)))
  })

  test('of two inputs that differ are refused, with both types', () => {
    const [a, b] = [input('x', { shape: [1], dtype: 'f32' }), input('x', { shape: [3], dtype: 'f32' })]
    expect(() => toOnnx({ y: add(a, b) })).toThrow(new ShapeError('two inputs are named x: f32 [1] and f32 [3]'))
  })

  test('of an input and an output must differ', () => {
    expect(() => toOnnx({ x: sigmoid(x) })).toThrow('x is the name of an input and of an output')
  })
})

describe('attributes', () => {
  /** An op that writes the attributes that it is given. */
  const carrier: Op<Attributes> = {
    name: 'carrier',
    infer: ([value]) => ({ shape: (value as Value).shape, dtype: 'f32' }),
    emit: (emitter, inputs, { params }) => emitter.node('Carrier', inputs, params),
    gradient: none('it is only written'),
  }
  const whole = fc.maxSafeInteger()
  const float = fc.float({ noNaN: true })
  const attribute = fc.oneof(
    whole,
    fc.string({ unit: 'grapheme' }),
    fc.array(whole),
    float.map(value => ({ float: value })),
  )

  test('are read back as they were given', () => {
    const property = fc.property(fc.dictionary(fc.string({ minLength: 1 }), attribute), attributes => {
      const { node } = graphOf({ y: apply(carrier, [x], attributes) })
      const read = node[0]?.attribute.map(({ name, type, i, f, s, ints }) => [name, { type, i, f, s, ints }])
      const none = { type: expect.any(Number), i: 0n, f: 0, s: new Uint8Array(), ints: [] }
      const wanted = Object.entries(attributes).map(([name, value]) => {
        if (typeof value === 'number') return [name, { ...none, type: 2, i: BigInt(value) }]
        if (typeof value === 'string') return [name, { ...none, type: 3, s: new TextEncoder().encode(value) }]
        if ('float' in value) return [name, { ...none, type: 1, f: value.float }]
        return [name, { ...none, type: 7, ints: value.map(BigInt) }]
      })
      expect(read).toEqual(wanted)
    })
    fc.assert(property, check(200))
  })

  test('of a convolution', () => {
    const kernel = constant(f32(new Float32Array(6), [1, 2, 1, 3]))
    const { node } = graphOf({ y: conv2d(x, kernel, undefined, { stride: 2, padding: [1, 2, 3, 4] }) })
    const read = node[0]?.attribute.map(({ name, ints }) => [name, ints.map(Number)])
    expect(read).toEqual([
      ['strides', [2, 2]],
      ['pads', [1, 2, 3, 4]],
    ])
  })

  test('are part of what makes helper nodes equal', () => {
    const { types } = graphOf({ a: transpose(x, [0, 1, 3, 2]), b: transpose(x, [1, 0, 2, 3]) })
    expect(types.filter(type => type === 'Transpose')).toHaveLength(2)
  })
})
