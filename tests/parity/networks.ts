import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asBase } from '../../models/checkpoint/as-base.ts'
import type { BaseCheckpoint } from '../../models/checkpoint/checkpoint.ts'
import { textConfig } from '../../models/checkpoint/config/text.ts'
import { unetConfig } from '../../models/checkpoint/config/unet.ts'
import { vaeConfig } from '../../models/checkpoint/config/vae.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { toOnnx } from '../../models/graph/onnx/write.ts'
import { input, type Value } from '../../models/graph/value.ts'
import { clipText } from '../../models/networks/text/clip.ts'
import { unet } from '../../models/networks/unet/unet.ts'
import { decode } from '../../models/networks/vae/decode.ts'
import { encode } from '../../models/networks/vae/encode.ts'
import { parametersOf } from '../../models/pipelines/parameters.ts'
import { openSession, type Session } from '../../models/runtime/session.ts'
import { f32, i64, type Tensor } from '../../models/tensor/tensor.ts'
import { loadTensors, type Recorded } from '../support/safetensors.ts'
import { failed, judged, largestError, type ParityResult, skipped } from './result.ts'

interface ModelCase {
  name: string
  family: string
  tolerance: Record<string, { atol: number }>
}

/** A recorded model in both its forms: UNet at every size, its blocks, VAE both ways, text encoder. */
export async function check(folder: string): Promise<ParityResult[]> {
  const info: ModelCase = JSON.parse(await readFile(join(folder, 'case.json'), 'utf8'))
  if (info.family !== 'sd1') return [skipped(info.name, `The ${info.family} family is not supported yet.`)]
  const results: ParityResult[] = []
  for (const form of [`${info.name}.safetensors`, 'folder']) {
    const path = join(folder, form)
    if (existsSync(path)) results.push(...(await checkForm(`${info.name} ${form}`, folder, path, info)))
  }
  return results.length > 0 ? results : [failed(info.name, 'Neither the single file nor the folder is there.')]
}

async function checkForm(name: string, folder: string, path: string, { tolerance }: ModelCase) {
  const base = asBase(await describeModel(path))
  const recorded = (file: string) => loadTensors(join(folder, `${file}.expected.safetensors`))
  const got = new Map<string, Float32Array>()
  const expected = new Map<string, Recorded>()
  for (const [file, run] of Object.entries({ unet: runUnet, 'unet-blocks': runBlocks, vae: runVae, text: runText })) {
    const tensors = await recorded(file)
    const triples = file === 'unet-blocks' ? await recorded('unet') : tensors
    for (const [key, values] of await run(base, triples, tensors)) got.set(`${file}.${key}`, values)
    for (const [key, values] of tensors) expected.set(`${file}.${key}`, values)
  }
  // Every tolerance that was recorded has to be met: what was not computed has failed.
  return Object.entries(tolerance).map(([key, { atol }]) => {
    const [mine, theirs] = [got.get(key), expected.get(key)]
    if (!mine || !theirs) return failed(`${name} ${key}`, 'It was not computed.')
    return judged(`${name} ${key}`, largestError(mine, numbers(theirs)), atol)
  })
}

type Run = (
  base: BaseCheckpoint,
  inputs: ReadonlyMap<string, Recorded>,
  expected: ReadonlyMap<string, Recorded>,
) => Promise<Map<string, Float32Array>>

const runUnet: Run = async (base, triples) => {
  const config = unetConfig(base.unet)
  const names: [string, readonly (string | null)[]][] = [
    ['sample', ['batch', null, 'height', 'width']],
    ['timestep', ['batch']],
    ['context', ['batch', 'tokens', null]],
  ]
  const first = Object.fromEntries(names.map(([name, axes]) => [name, inputLike(name, triples.get(`0.${name}`), axes)]))
  const session = await open({ out: unet(config, parametersOf(base.unet), first as never) })
  const got = new Map<string, Float32Array>()
  for (let i = 0; triples.has(`${i}.sample`); i++) {
    const feeds = Object.fromEntries(names.map(([name]) => [name, tensor(triples.get(`${i}.${name}`))]))
    for (const [key, values] of await compute(session, feeds)) got.set(`${i}.${key}`, values)
  }
  await session.release()
  return got
}

const runBlocks: Run = async (base, triples, expected) => {
  const of = Number(expected.get('of_triple')?.data[0] ?? 0)
  const places = new Map<string, Value>()
  const like = (name: string) => inputLike(name, triples.get(`${of}.${name}`), [])
  const inputs = { sample: like('sample'), timestep: like('timestep'), context: like('context') }
  unet(unetConfig(base.unet), parametersOf(base.unet), inputs, (place, value) => {
    places.set(place, value)
    return value
  })
  const session = await open(Object.fromEntries(places))
  const feeds = Object.fromEntries(Object.keys(inputs).map(name => [name, tensor(triples.get(`${of}.${name}`))]))
  const got = await compute(session, feeds)
  await session.release()
  return got
}

const runVae: Run = async (base, recorded) => {
  const config = vaeConfig(base.vae)
  const parameters = parametersOf(base.vae)
  const axes = ['batch', null, 'height', 'width']
  const decoder = await open({
    decoded: decode(config, parameters, inputLike('latent', recorded.get('0.latent'), axes)),
  })
  const encoder = await open({ ...encode(config, parameters, inputLike('image', recorded.get('0.image'), axes)) })
  const got = new Map<string, Float32Array>()
  for (let i = 0; recorded.has(`${i}.image`); i++) {
    const parts = [
      ...(await compute(decoder, { latent: tensor(recorded.get(`${i}.latent`)) })),
      ...(await compute(encoder, { image: tensor(recorded.get(`${i}.image`)) })),
    ]
    for (const [key, values] of parts) got.set(`${i}.${key}`, values)
  }
  await Promise.all([decoder.release(), encoder.release()])
  return got
}

const runText: Run = async (base, recorded) => {
  const [part] = base.textEncoders
  if (!part) throw new Error('no text encoder')
  const config = textConfig(part)
  const ids = recorded.get('input_ids')
  const states = clipText(config, parametersOf(part), inputLike('input_ids', ids, ['batch']))
  const outputs = {
    hidden_0: states.hidden[0] as Value,
    penultimate: states.hidden.at(-2) as Value,
    penultimate_normed: states.normed(2),
    last_hidden_state: states.normed(1),
  }
  const session = await open(outputs)
  const got = await compute(session, { input_ids: tensor(ids) })
  await session.release()
  got.set('pooler_output', pooled(got.get('last_hidden_state') as Float32Array, numbers(ids as Recorded), config))
  return got
}

/** The state at the first end token, whose id is the largest. */
function pooled(states: Float32Array, ids: Float64Array, { positions, hiddenSize }: ReturnType<typeof textConfig>) {
  const rows = Array.from({ length: ids.length / positions }, (_, row) => {
    const own = ids.subarray(row * positions, (row + 1) * positions)
    const end = row * positions + own.indexOf(Math.max(...own))
    return [...states.subarray(end * hiddenSize, (end + 1) * hiddenSize)]
  })
  return Float32Array.from(rows.flat())
}

const open = (outputs: Readonly<Record<string, Value>>): Promise<Session> => openSession(toOnnx(outputs))

async function compute(session: Session, feeds: Readonly<Record<string, Tensor>>): Promise<Map<string, Float32Array>> {
  const results = Object.entries(await session.run(feeds))
  return new Map(results.flatMap(([name, { data }]) => (data instanceof Float32Array ? [[name, data]] : [])))
}

function inputLike(name: string, recorded: Recorded | undefined, axes: readonly (string | null)[]): Value {
  const { dtype, shape } = tensor(recorded)
  return input(name, { dtype, shape }, axes)
}

function tensor(recorded: Recorded | undefined): Tensor {
  if (!recorded) throw new Error('an input was not recorded')
  const { data, shape } = recorded
  return data instanceof BigInt64Array ? i64(Array.from(data, Number), shape) : f32(Float32Array.from(data), shape)
}

export const numbers = ({ data }: Recorded): Float64Array => Float64Array.from(data as ArrayLike<number>, Number)
