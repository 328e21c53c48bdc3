import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import type { TensorEntry } from '../../tensor/entry.ts'
import { readHeader, type SafetensorsFile } from '../../tensor/safetensors/header.ts'
import { readJson } from '../files.ts'

/** The tensors of one component, from one file or several. */
export interface ComponentWeights {
  readonly files: readonly string[]
  readonly entries: ReadonlyMap<string, TensorEntry>
  readonly metadata: Readonly<Record<string, string>>
}

/** What weights are called, the first that exists wins: full precision before half, one file before shards. */
const names: readonly RegExp[] = ['', '.fp16'].flatMap(variant => {
  const v = variant.replace('.', '\\.')
  return [
    new RegExp(`^(?:diffusion_pytorch_model|model)${v}\\.safetensors$`),
    new RegExp(`^(?:diffusion_pytorch_model|model)(?:${v}\\.safetensors\\.index|\\.safetensors\\.index${v})\\.json$`),
  ]
})
const anyName = /^(?!.*-\d{5}-of-\d{5}).+\.safetensors$/
const pickles = /\.(?:bin|ckpt|pt|pth|pkl)$/i
const mostShards = 200

/**
 * Reads the headers of a component's weights.
 * @param folder the model's folder
 * @throws UserError where there are none, only pickles, or an index that reaches out of the folder
 */
export const readWeights = async (folder: string, component: string): Promise<ComponentWeights> => {
  const inside = await readdir(join(folder, component)).catch((cause: unknown) => {
    throw new UserError(`The model lacks its folder ${component}/.`, 'Download the whole model again.', { cause })
  })
  const name = [...names, anyName].map(pattern => inside.find(file => pattern.test(file))).find(Boolean)
  if (name?.endsWith('.json')) return readShards(folder, component, name)
  if (name) {
    const { file, entries, metadata } = await shownHeader(folder, component, name)
    return { files: [file], entries, metadata }
  }
  const pickle = inside.find(file => pickles.test(file))
  if (pickle) {
    throw new UserError(
      `${component}/ holds only a PyTorch pickle (${pickle}); pickles can run code and are refused.`,
      'Look for a .safetensors version of the same model.',
    )
  }
  throw new UserError(`${component}/ holds no weights (.safetensors).`, 'Download the whole model again.')
}

const readShards = async (folder: string, component: string, index: string): Promise<ComponentWeights> => {
  const shown = `${component}/${index}`
  const map = (await readJson(join(folder, component, index), shown)).weight_map
  if (typeof map !== 'object' || map === null) throw new UserError(`${shown} has no weight_map.`)
  const keysOf = Map.groupBy(Object.entries(map), ([, shard]) => shardName(shard, shown))
  if (keysOf.size > mostShards)
    throw new UserError(`${shown} names ${keysOf.size} files; no genuine model has as many.`)
  const files: string[] = []
  const entries = new Map<string, TensorEntry>()
  for (const [shard, keys] of keysOf) {
    const header = await shownHeader(folder, component, shard)
    for (const [key] of keys) {
      if (!header.entries.has(key)) throw new UserError(`${component}/${shard} lacks ${key}, which ${shown} promises.`)
    }
    for (const [key, entry] of header.entries) {
      if (entries.has(key)) throw new UserError(`${key} stands in two of the files that ${shown} names.`)
      entries.set(key, entry)
    }
    files.push(header.file)
  }
  return { files, entries, metadata: {} }
}

/** The name of a shard: a plain file name, so that nothing outside the folder can be named. */
const shardName = (value: unknown, shown: string): string => {
  if (typeof value === 'string' && /^[\w.-]{1,200}\.safetensors$/.test(value)) return value
  throw new UserError(`${shown} names a file that may not be read: ${String(JSON.stringify(value)).slice(0, 100)}.`)
}

/** Reads a header; what is wrong with it is said with the file's place in the folder. */
const shownHeader = async (folder: string, component: string, name: string): Promise<SafetensorsFile> => {
  try {
    return await readHeader(join(folder, component, name))
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(`${component}/${name}: ${error.message}`, error.hint, { cause: error })
  }
}
