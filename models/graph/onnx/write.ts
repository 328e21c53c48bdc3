import { dirname, relative, sep } from 'node:path'
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { f32, i64, type Tensor } from '../../tensor/tensor.ts'
import { castOp } from '../ops/cast.ts'
import { simplify } from '../simplify.ts'
import { tensorKey } from '../tensor-key.ts'
import { type Input, ShapeError, typeText, type Value, type Weight } from '../value.ts'
import { topological } from '../walk.ts'
import { type Attribute, type Attributes, contrib, type Emitter, type Fusable, fusable } from './emitter.ts'
import {
  type AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  type NodeProtoSchema,
  TensorProto_DataLocation,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from './onnx_pb.js'
import { exact, type Precision, precisions } from './precision.ts'
import { onnxType } from './types.ts'

export { type Precision, precisions }

/** A graph as onnxruntime takes it. */
export interface OnnxModel {
  /** The ONNX protobuf, without the weights. */
  readonly bytes: Uint8Array
  /** The folder that the weights' places are relative to; none where the graph has no weights. */
  readonly folder?: string
  /** Files that weights are read from, absolute. */
  readonly files: readonly string[]
  readonly outputs: readonly string[]
}

/** Opset 21 has everything that is written here and is the newest that every provider of onnxruntime knows. */
const opset = 21n
const irVersion = 10n

/** How a graph is written for a device. */
export interface Emission {
  /** What may be written as one operator. */
  readonly fused: Iterable<Fusable>
  /** With `fp16`, values that the graph calls f32 are computed as f16, but for those that f16 would spoil. */
  readonly precision: Precision
}

/**
 * Writes the graph of `outputs` as ONNX: weights become byte ranges of the files they lie in (external data),
 * named axes stay free. Only what an output needs is written, and each thing once. Inputs and outputs have the types
 * that the graph states, at every precision.
 */
export function toOnnx(
  outputs: Readonly<Record<string, Value>>,
  { fused = fusable, precision = 'fp32' }: Partial<Emission> = {},
): OnnxModel {
  const simple = simplify(outputs)
  const values = topological(Object.values(simple))
  const files = [...new Set(values.flatMap(value => (value.kind === 'weight' ? [value.entry.file] : [])))]
  const folder = files.length > 0 ? commonFolder(files) : undefined
  const writer = new GraphWriter(new Set(fused), folder ?? '')
  const wide = precision === 'fp16' ? exact(values) : undefined
  for (const value of values) writer.write(value, wide !== undefined && !wide.has(value))
  const results = Object.entries(simple).map(([name, value]) => ({ name, from: writer.named(value) }))
  const both = writer.inputs.find(({ name }) => name !== undefined && Object.hasOwn(simple, name))
  if (both) throw new Error(`${both.name} is the name of an input and of an output`)

  const graph = {
    name: 'cicerone',
    input: writer.inputs,
    initializer: writer.initializers,
    node: [
      ...writer.nodes,
      ...results.map(({ name, from }) => ({ opType: 'Identity', input: [from], output: [name] })),
    ],
    output: Object.entries(simple).map(([name, { dtype }]) => ({
      name,
      type: { value: { case: 'tensorType' as const, value: { elemType: onnxType(dtype) } } },
    })),
  }
  const opsetImport = [
    { domain: '', version: opset },
    ...(writer.usesContrib ? [{ domain: contrib.slice(0, -1), version: 1n }] : []),
  ]
  const model = create(ModelProtoSchema, { irVersion, producerName: 'cicerone', opsetImport, graph })
  return {
    bytes: toBinary(ModelProtoSchema, model),
    ...(folder !== undefined && { folder }),
    files,
    outputs: Object.keys(outputs),
  }
}

class GraphWriter implements Emitter {
  readonly fused: ReadonlySet<Fusable>
  readonly #folder: string
  readonly inputs: MessageInitShape<typeof ValueInfoProtoSchema>[] = []
  readonly initializers: MessageInitShape<typeof TensorProtoSchema>[] = []
  readonly nodes: MessageInitShape<typeof NodeProtoSchema>[] = []
  usesContrib = false
  #results = 0
  readonly #named = new Map<string, Input>()
  readonly #shared = new Map<string, string>()
  /** The names of the values that are written, and which of them are f16 in place of f32. */
  readonly #names = new Map<Value, string>()
  readonly #halves = new Set<Value>()

  constructor(fused: ReadonlySet<Fusable>, folder: string) {
    this.fused = fused
    this.#folder = folder
  }

  /** Whether what is written now is computed as f16. */
  #half = false

  /** @param half whether it is computed as f16, where it is f32 */
  write(value: Value, half: boolean): void {
    this.#half = half
    this.#names.set(value, this.#write(value, half))
    if (half && value.kind === 'node' && value.dtype === 'f32') this.#halves.add(value)
  }

  /** The name of a value that is written, as f16 or as the type that the graph states. */
  named(value: Value, half = false): string {
    const name = this.#names.get(value) as string
    if (value.dtype !== 'f32' || half === this.#halves.has(value)) return name
    return this.node('Cast', [name], { to: onnxType(half ? 'f16' : 'f32') })
  }

  #write(value: Value, half: boolean): string {
    switch (value.kind) {
      case 'input':
        return this.#input(value)
      case 'weight':
        return this.#weight(value)
      case 'constant':
        return this.constant(value.tensor)
      case 'node': {
        const { op, inputs } = value
        // What a file holds as f16 goes in as it is.
        const from = inputs[0] as Value
        if (half && op.name === castOp.name && value.dtype === 'f32')
          return this.node('Cast', [this.named(from)], { to: onnxType('f16') })
        return op.emit(
          this,
          inputs.map(input => this.named(input, half)),
          value,
        )
      }
    }
  }

  node(type: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const attribute = Object.entries(attributes).map(([name, value]) => ({ name, ...encodeAttribute(value) }))
    const isContrib = type.startsWith(contrib)
    this.usesContrib ||= isContrib
    const opType = isContrib ? type.slice(contrib.length) : type
    // Equal helper nodes (a Shape, a Reshape of the same value) that several ops ask for are written once.
    return this.#once(JSON.stringify([type, inputs, attributes]), output => {
      const domain = isContrib ? { domain: contrib.slice(0, -1) } : {}
      this.nodes.push({ opType, ...domain, input: [...inputs], output: [output], attribute })
    })
  }

  constant(tensor: Tensor): string {
    return this.#once(tensorKey(tensor), name => {
      const { buffer, byteOffset, byteLength } = tensor.data
      const rawData = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)
      this.initializers.push({ name, dataType: onnxType(tensor.dtype), dims: tensor.shape.map(BigInt), rawData })
    })
  }

  scalar(value: number): string {
    const number = this.constant(f32(Float32Array.of(value), []))
    return this.#half ? this.node('Cast', [number], { to: onnxType('f16') }) : number
  }

  integers(...values: number[]): string {
    return this.constant(i64(values))
  }

  #input(input: Input): string {
    const { name, dtype, shape, axes } = input
    const other = this.#named.get(name)
    if (other) throw new ShapeError(`two inputs are named ${name}: ${typeText(other)} and ${typeText(input)}`)
    this.#named.set(name, input)
    const dim = shape.map((size, axis) => {
      const free = axes[axis]
      return {
        value: free ? { case: 'dimParam' as const, value: free } : { case: 'dimValue' as const, value: BigInt(size) },
      }
    })
    const tensor = { elemType: onnxType(dtype), shape: { dim } }
    this.inputs.push({ name, type: { value: { case: 'tensorType', value: tensor } } })
    return name
  }

  #weight({ entry, shape, dtype }: Weight): string {
    const location = relative(this.#folder, entry.file).split(sep).join('/')
    return this.#once(`${location} ${entry.offset} ${shape} ${dtype}`, name => {
      this.initializers.push({
        name,
        dataType: onnxType(dtype),
        dims: shape.map(BigInt),
        dataLocation: TensorProto_DataLocation.EXTERNAL,
        externalData: [
          { key: 'location', value: location },
          { key: 'offset', value: String(entry.offset) },
          { key: 'length', value: String(entry.bytes) },
        ],
      })
    })
  }

  /** The name under `key`, made by `add` the first time that it is asked for. */
  #once(key: string, add: (name: string) => void): string {
    const known = this.#shared.get(key)
    if (known !== undefined) return known
    const name = `%${this.#results++}`
    this.#shared.set(key, name)
    add(name)
    return name
  }
}

function encodeAttribute(value: Attribute): MessageInitShape<typeof AttributeProtoSchema> {
  if (typeof value === 'number') return { type: AttributeType.INT, i: BigInt(value) }
  if (typeof value === 'string') return { type: AttributeType.STRING, s: new TextEncoder().encode(value) }
  if ('float' in value) return { type: AttributeType.FLOAT, f: value.float }
  return { type: AttributeType.INTS, ints: value.map(BigInt) }
}

/** The deepest folder that holds all files. */
function commonFolder(files: readonly string[]): string {
  let folder = dirname(files[0] as string)
  while (!files.every(file => file.startsWith(folder.endsWith(sep) ? folder : folder + sep))) {
    if (dirname(folder) === folder) throw new Error(`the weights lie on different drives: ${files.join(', ')}`)
    folder = dirname(folder)
  }
  return folder
}
