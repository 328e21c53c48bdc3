import { parse } from 'node:path'
import type { LoraCheckpoint, LoraTensors } from '../../checkpoint/as-lora.ts'
import type { BaseCheckpoint, NetworkPart } from '../../checkpoint/checkpoint.ts'
import { loraNames } from '../../checkpoint/layouts/lora/names.ts'
import { UserError } from '../../errors.ts'
import { cast } from '../../graph/ops/cast.ts'
import { constant, input, ShapeError, type Value, weight } from '../../graph/value.ts'
import { loraKinds } from '../../networks/lora/index.ts'
import type { Change, Factors, Role } from '../../networks/lora/kind.ts'
import type { TensorEntry } from '../../tensor/entry.ts'
import { readTensor } from '../../tensor/safetensors/read.ts'
import { elements, type Shape, shapeText } from '../../tensor/tensor.ts'
import { builds } from '../examine.ts'

/** A LoRA held against a base, ready to be plugged into its networks. Its weights stay in its file. */
export interface Lora {
  readonly path: string
  /** Its file's tensors. */
  readonly part: NetworkPart
  /** What it does to the layers of each network, by the network's name. */
  readonly changes: ReadonlyMap<string, readonly LayerChange[]>
  /** Modules and keys of its file that match nothing in the base. */
  readonly unused: readonly string[]
}

/** What a LoRA does to one layer. */
export interface LayerChange {
  /** The layer's path in its network. */
  readonly place: string
  /** Of the layer's weight. */
  readonly shape: Shape
  readonly change: Change
  /** What the change is multiplied by where the strength is 1: alpha / rank. */
  readonly scale: number
  /** What it takes as f32. */
  readonly bytes: number
}

/** A layer of a base. */
interface Place {
  readonly network: string
  readonly path: string
  /** Of its weight. */
  readonly shape: Shape
}

/** What a LoRA on another drive than its base may take as f32: that one is read into memory, with the graph. */
const mostInMemory = 2 ** 30

/**
 * Holds a LoRA against a base. Reads the header and each module's alpha. Throws `UserError` where it is damaged, where
 * nothing of it matches, or where a weight of the base has another shape: both are named.
 */
export async function loadLora(
  { path, entries, modules, strays, scaleOf }: LoraCheckpoint,
  base: BaseCheckpoint,
): Promise<Lora> {
  const places = placesOf(base)
  const changes = new Map<string, LayerChange[]>()
  const unused = [...strays]
  const look = await reader(entries.values(), base)
  for (const [name, tensors] of modules) {
    const place = places.get(name)
    if (!place) {
      unused.push(name)
      continue
    }
    const change = changeOf(name, await factorsOf(tensors, look), place)
    const alpha = tensors.alpha && (await alphaOf(tensors.alpha))
    const { rank } = change
    const told =
      rank === undefined ? undefined : alpha === undefined ? scaleOf(place.network, place.path, rank) : alpha / rank
    const own = changes.get(place.network) ?? []
    own.push({
      place: place.path,
      shape: place.shape,
      change,
      scale: told ?? 1,
      bytes: bytesOf(change, tensors, place),
    })
    changes.set(place.network, own)
  }
  if (changes.size === 0)
    throw new UserError(
      `None of this LoRA's ${modules.size} modules is one of the base's${modules.size > 0 ? ` (${[...modules.keys()][0]})` : ''}.`,
      'It was made for another family of models; choose one for this base.',
    )
  return { path, part: { name: 'LoRA', noun: 'LoRA', table: entries, keyOf: key => key }, changes, unused }
}

/** Every layer of a base that a LoRA can change, by each name that it may have. */
function placesOf(base: BaseCheckpoint): Map<string, Place> {
  const names = loraNames(base)
  const found = new Map<string, Place>()
  for (const { part, build } of builds(base)) {
    const shapes = new Map<string, Shape>()
    const parameters = (name: string, shape: Shape) => {
      shapes.set(name, shape)
      return input(name, { shape, dtype: 'f32' })
    }
    const inject = (path: string, value: Value, layer?: object) => {
      const shape = shapes.get(`${path}.weight`)
      if (layer && shape)
        for (const name of names(part.name, path)) found.set(name, { network: part.name, path, shape })
      return value
    }
    build(Object.assign(parameters, { inject }))
  }
  return found
}

type Look = (entry: TensorEntry) => Promise<Value>

/** How tensors come into a graph: as ranges of their file, or as numbers where the runtime cannot map both files. */
async function reader(entries: Iterable<TensorEntry>, { path }: BaseCheckpoint): Promise<Look> {
  const own = [...entries]
  const drive = (file: string) => parse(file).root
  if (own.every(({ file }) => drive(file) === drive(path))) return async entry => cast(weight(entry), 'f32')
  if (own.reduce((sum, { shape }) => sum + 4 * elements(shape), 0) > mostInMemory)
    throw new UserError('This LoRA is too large to be used from another drive than its base.', 'Move it to that drive.')
  return async entry => constant(await readTensor(entry))
}

async function factorsOf({ alpha: _, ...tensors }: LoraTensors, look: Look): Promise<Factors> {
  const factors: Partial<Record<Role, Value>> = {}
  for (const [role, entry] of Object.entries(tensors) as [Role, TensorEntry][]) {
    if (entry.shape.length < 2 || entry.shape.length > 4 || elements(entry.shape) === 0)
      throw new UserError(`${entry.key} has the shape ${shapeText(entry.shape)}, which no part of a LoRA has.`, damaged)
    factors[role] = await look(entry)
  }
  return factors
}

/** The change of a module, of one of the kinds that there are, checked against the weight that it changes. */
function changeOf(name: string, factors: Factors, { shape }: Place): Change {
  try {
    for (const kind of Object.values(loraKinds)) {
      const change = kind(factors)
      if (!change) continue
      const got = change.delta().shape
      if (isAs(got, shape)) return change
      throw new UserError(
        `${name} changes a weight of the shape ${shapeText(got)}, and the base's is ${shapeText(shape)}.`,
        'The LoRA was made for another family of models; choose one for this base.',
      )
    }
  } catch (cause) {
    if (!(cause instanceof ShapeError)) throw cause
    throw new UserError(`The LoRA is damaged at ${name}: ${cause.message}.`, damaged, { cause })
  }
  throw new UserError(
    `The LoRA's module ${name} lacks a part; it holds ${Object.keys(factors).join(', ') || 'none'}.`,
    damaged,
  )
}

const damaged = 'Get the LoRA anew.'

/** Whether a change is that of a weight: the same rows, and the same columns however they are arranged. */
function isAs([out, ...got]: Shape, [rows, ...columns]: Shape): boolean {
  const plain = (shape: Shape) => shape.join().replace(/(?:,1)+$/, '')
  return out === rows && (plain(got) === plain(columns) || plain(got) === String(elements(columns)))
}

async function alphaOf(entry: TensorEntry): Promise<number> {
  const { data } = elements(entry.shape) === 1 ? await readTensor(entry) : { data: [] }
  const alpha = Number(data[0])
  if (Number.isFinite(alpha)) return alpha
  throw new UserError(`${entry.key} is not a number.`, damaged)
}

/** What has to be in memory: the factors, or what is made of them once. */
const bytesOf = ({ lowRank }: Change, { alpha: _, ...tensors }: LoraTensors, { shape }: Place): number =>
  4 * (lowRank ? Object.values(tensors).reduce((sum, entry) => sum + elements(entry.shape), 0) : elements(shape))
