import { dirname, relative, sep } from 'node:path'
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { i64, type Tensor } from '../../tensor/tensor.ts'
import { simplify } from '../simplify.ts'
import { tensorKey } from '../tensor-key.ts'
import { type Input, ShapeError, typeText, type Value, type Weight } from '../value.ts'
import { topological } from '../walk.ts'
import { type Attribute, type Attributes, contrib, type Emitter } from './emitter.ts'
import {
  type AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  type NodeProtoSchema,
  TensorProto_DataLocation,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from './onnx_pb.js'
import { onnxType } from './types.ts'

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

/**
 * Writes the graph of `outputs` as ONNX: weights become byte ranges of the files they lie in (external data),
 * named axes stay free. Only what an output needs is written, and each thing once.
 * @param fused whether onnxruntime's own operators may be used; without them the naive reference is written
 */
export function toOnnx(outputs: Readonly<Record<string, Value>>, { fused = true } = {}): OnnxModel {
  const simple = simplify(outputs)
  const values = topological(Object.values(simple))
  const files = [...new Set(values.flatMap(value => (value.kind === 'weight' ? [value.entry.file] : [])))]
  const folder = files.length > 0 ? commonFolder(files) : undefined
  const writer = new GraphWriter(fused, folder ?? '')
  const names = new Map<Value, string>()
  for (const value of values) names.set(value, writer.write(value, names))
  const both = writer.inputs.find(({ name }) => name !== undefined && Object.hasOwn(simple, name))
  if (both) throw new Error(`${both.name} is the name of an input and of an output`)

  const graph = {
    name: 'cicerone',
    input: writer.inputs,
    initializer: writer.initializers,
    node: [
      ...writer.nodes,
      ...Object.entries(simple).map(([output, value]) => ({
        opType: 'Identity',
        input: [names.get(value) as string],
        output: [output],
      })),
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
  readonly fused: boolean
  readonly #folder: string
  readonly inputs: MessageInitShape<typeof ValueInfoProtoSchema>[] = []
  readonly initializers: MessageInitShape<typeof TensorProtoSchema>[] = []
  readonly nodes: MessageInitShape<typeof NodeProtoSchema>[] = []
  usesContrib = false
  #results = 0
  readonly #named = new Map<string, Input>()
  readonly #shared = new Map<string, string>()

  constructor(fused: boolean, folder: string) {
    this.fused = fused
    this.#folder = folder
  }

  write(value: Value, names: ReadonlyMap<Value, string>): string {
    switch (value.kind) {
      case 'input':
        return this.#input(value)
      case 'weight':
        return this.#weight(value)
      case 'constant':
        return this.constant(value.tensor)
      case 'node': {
        const inputs = value.inputs.map(input => names.get(input) as string)
        return value.op.emit(this, inputs, value)
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
