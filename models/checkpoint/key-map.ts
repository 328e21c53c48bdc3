import type { TensorEntry } from '../tensor/entry.ts'
import type { NetworkPart, RawConfig } from './checkpoint.ts'

/**
 * How a parameter lies in its file where that is not as its network takes it: as one third of the rows of a tensor
 * that holds three of them, or as a matrix whose axes have changed places.
 */
export type Stored = { readonly third: number } | 'transposed'

/** A name in a file and the diffusers name of the same thing: a module, or a whole parameter. */
export type KeyPair = readonly [file: string, name: string, stored?: Stored]

/** The same modules seen from their parents: `under('mid.block_1', 'mid_block.resnets.0', resnet)`. */
export const under = (file: string, name: string, pairs: readonly KeyPair[]): KeyPair[] =>
  pairs.map(([a, b, ...stored]) => [`${file}.${a}`, `${name}.${b}`, ...stored])

/** Modules whose names are the same on both sides. */
export const same = (names: readonly string[]): KeyPair[] => names.map(name => [name, name])

/** Modules to their parameters: weight and bias, or as told. */
export const parameters = (modules: readonly KeyPair[], kinds: readonly string[] = ['weight', 'bias']): KeyPair[] =>
  modules.flatMap(([file, name]) => kinds.map((kind): KeyPair => [`${file}.${kind}`, `${name}.${kind}`]))

/** The diffusers side of a map on both sides: what a diffusers folder uses. */
export const ownNames = (pairs: readonly KeyPair[]): KeyPair[] => pairs.map(([, name]) => [name, name])

/**
 * Takes the tensors of one network out of a file.
 * @param rest the file's tensors that no network has taken yet; what is taken here is removed
 * @param pairs every parameter the network may have; those that the file lacks are skipped
 * @param prefix what stands before every file name of `pairs`
 */
export const takePart = (
  name: string,
  rest: Map<string, TensorEntry>,
  pairs: readonly KeyPair[],
  prefix = '',
  config?: RawConfig,
): NetworkPart => {
  const table = new Map<string, TensorEntry>()
  const transposed = new Set<string>()
  for (const [file, diffusers, stored] of pairs) {
    const entry = rest.get(prefix + file)
    if (!entry) continue
    table.set(diffusers, typeof stored === 'object' ? thirdOf(entry, stored.third) : entry)
    if (stored === 'transposed') transposed.add(diffusers)
  }
  for (const [file] of pairs) rest.delete(prefix + file)
  const keys = new Map(pairs.map(([file, diffusers]) => [diffusers, file]))
  const keyOf = (diffusers: string) => prefix + (keys.get(diffusers) ?? diffusers)
  return { name, noun: 'model', table, keyOf, ...(transposed.size > 0 && { transposed }), ...(config && { config }) }
}

/** A third of a tensor's rows as a byte range of its own; one whose rows make no thirds stays whole, and fits nowhere. */
const thirdOf = (entry: TensorEntry, third: number): TensorEntry => {
  const [rows = 0, ...others] = entry.shape
  if (rows === 0 || rows % 3 !== 0) return entry
  const bytes = entry.bytes / 3
  return { ...entry, shape: [rows / 3, ...others], offset: entry.offset + third * bytes, bytes }
}

/** The names of `keys` that begin with `prefix`, without it. */
export const namesUnder = (keys: Iterable<string>, prefix: string): string[] =>
  [...keys].filter(key => key.startsWith(prefix)).map(key => key.slice(prefix.length))
