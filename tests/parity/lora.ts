import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asLora } from '../../models/checkpoint/as-lora.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { UserError } from '../../models/errors.ts'
import { type Pipeline, plugged } from '../../models/pipelines/assemble.ts'
import { isPooled } from '../../models/pipelines/encoders.ts'
import { type Lora, loadLora } from '../../models/pipelines/lora/load.ts'
import { f32, type Tensor } from '../../models/tensor/tensor.ts'
import { loadTensors, type Recorded } from '../support/safetensors.ts'
import { firstEnds, numbers, tensor } from './networks.ts'
import { type FindCase, openPipeline } from './pipelines.ts'
import { failed, judged, largestError, type ParityResult, skipped } from './result.ts'

type Tolerance = Record<string, { atol: number }>

interface LoraCase {
  base: string
  strengths: number[]
  /** What is said of a file, or what is to come of one that is wrong. */
  files: Record<string, string | { expect: string; key?: string }>
  tolerance: Tolerance
  sdxl?: { base: string; file: string; strength: number; tolerance: Tolerance }
}

/** LoRA files on their bases: UNet and text encoders at each strength, and files that match in part or not at all. */
export async function check(folder: string, find: FindCase): Promise<ParityResult[]> {
  const made: LoraCase = JSON.parse(await readFile(join(folder, 'case.json'), 'utf8'))
  const { base, files, strengths, tolerance, sdxl } = made
  const results = await onBase(base, find, async pipeline => {
    const recorded = await loadTensors(join(folder, 'lora.expected.safetensors'))
    const all = await Promise.all(Object.keys(files).map(file => describeModel(join(folder, file))))
    const own: ParityResult[] = []
    for (const [i, [file, said]] of Object.entries(files).entries()) {
      const load = () => loadLora(asLora(all[i] as (typeof all)[number]), pipeline.base)
      const like = typeof said === 'string' ? file : /\bas ([\w-]+\.safetensors)/.exec(said.expect)?.[1]
      if (like === undefined) {
        own.push(await refusal(`${base} ${file}`, load))
        continue
      }
      const lora = await load()
      own.push(unusedKeys(`${base} ${file} unused`, lora, typeof said === 'string' ? undefined : said.key))
      for (const strength of strengths) {
        const name = `${like.replace('.safetensors', '')}.${strength}`
        own.push(
          ...(await compare(`${base} ${file}`, plugged(pipeline, [{ lora, strength }]), recorded, tolerance, name)),
        )
      }
    }
    return own
  })
  if (!sdxl) return results
  const { strength, file } = sdxl
  const more = await onBase(sdxl.base, find, async pipeline => {
    const recorded = await loadTensors(join(folder, 'lora-sdxl.expected.safetensors'))
    const lora = await loadLora(asLora(await describeModel(join(folder, file))), pipeline.base)
    return compare(
      `${sdxl.base} ${file}`,
      plugged(pipeline, [{ lora, strength }]),
      recorded,
      sdxl.tolerance,
      `${strength}`,
    )
  })
  return [...results, ...more]
}

async function onBase(
  base: string,
  find: FindCase,
  work: (pipeline: Pipeline) => Promise<ParityResult[]>,
): Promise<ParityResult[]> {
  const place = find(base)
  if (place === undefined) return [skipped(`lora ${base}`, `The base ${base} is not in the folder.`)]
  const single = join(place, `${base}.safetensors`)
  const pipeline = await openPipeline(existsSync(single) ? single : join(place, 'folder'))
  try {
    return await work(pipeline)
  } finally {
    await pipeline.sessions.release()
  }
}

/** Everything that has a tolerance under `name`, computed and compared. */
async function compare(
  title: string,
  pipeline: Pipeline,
  recorded: ReadonlyMap<string, Recorded>,
  tolerance: Tolerance,
  name: string,
): Promise<ParityResult[]> {
  const got = await outputs(pipeline, recorded)
  return Object.entries(tolerance)
    .filter(([key]) => key.startsWith(`${name}.`))
    .map(([key, { atol }]) => {
      const [mine, want] = [got.get(key.slice(name.length + 1)), recorded.get(key)]
      if (!mine || !want) return failed(`${title} ${key}`, 'It was not computed.')
      return judged(`${title} ${key}`, largestError(mine, numbers(want)), atol)
    })
}

async function outputs(
  { base, sessions, encoders }: Pipeline,
  recorded: ReadonlyMap<string, Recorded>,
): Promise<Map<string, Float32Array>> {
  const feeds = ['sample', 'timestep', 'context', 'text_embeds', 'time_ids'].filter(name => recorded.has(name))
  const { prediction } = await (await sessions.unet()).run(
    Object.fromEntries(feeds.map(name => [name, tensor(recorded.get(name))])),
  )
  const got = new Map([['unet', numbersOf(prediction)]])
  const ids = tensor(recorded.get('input_ids'))
  const [rows = 0, positions = 0] = ids.shape
  for (const [index, { config }] of encoders.entries()) {
    const ends = isPooled(base, index) && { ends: firstEnds(ids, config.positions) }
    const vectors = f32(new Float32Array(rows * positions * config.hiddenSize), [rows, positions, config.hiddenSize])
    const kept = f32(new Float32Array(rows * positions).fill(1), [rows, positions, 1])
    const { states, pooled } = await (await sessions.text(1, index)).run({ ids, vectors, kept, ...ends })
    const [state, text] =
      encoders.length === 1 ? ['text', ''] : [`te${index + 1}.penultimate`, `te${index + 1}.text_embeds`]
    got.set(state, numbersOf(states))
    if (pooled) got.set(text, numbersOf(pooled))
  }
  return got
}

const numbersOf = (tensor: Tensor | undefined): Float32Array => {
  if (tensor?.dtype !== 'f32') throw new Error('a network gave no numbers')
  return tensor.data
}

function unusedKeys(name: string, { unused }: Lora, key: string | undefined): ParityResult {
  const wanted = key === undefined ? [] : [key]
  return unused.join() === wanted.join() ? { name, status: 'passed' } : failed(name, `Not used: ${unused.join(', ')}.`)
}

/** It has to be refused in a sentence that names both shapes. */
async function refusal(name: string, load: () => Promise<Lora>): Promise<ParityResult> {
  try {
    await load()
    return failed(name, 'The file was accepted.')
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const shapes = error.message.match(/\[\d+(?:, \d+)+\]/g) ?? []
    return new Set(shapes).size === 2 ? { name, status: 'passed' } : failed(name, `It says: ${error.message}`)
  }
}
