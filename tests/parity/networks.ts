import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asBase } from '../../models/checkpoint/as-base.ts'
import type { BaseCheckpoint, NetworkPart } from '../../models/checkpoint/checkpoint.ts'
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
import { onCpu, type Target } from '../../models/runtime/target.ts'
import { f32, i64, type Tensor } from '../../models/tensor/tensor.ts'
import { loadTensors, type Recorded } from '../support/safetensors.ts'
import { failed, judged, largestError, type ParityResult } from './result.ts'

interface ModelCase {
  name: string
  tolerance: Record<string, { atol: number }>
}

/** A recorded model in both its forms: UNet at every size, its blocks, VAE both ways, text encoder. */
export async function check(folder: string): Promise<ParityResult[]> {
  const info: ModelCase = JSON.parse(await readFile(join(folder, 'case.json'), 'utf8'))
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
  for (const [file, run] of Object.entries({
    unet: runAllOfUnet,
    'unet-blocks': runBlocks,
    vae: runVae,
    text: runText,
  })) {
    if (!existsSync(join(folder, `${file}.expected.safetensors`))) continue
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

/** The first passes of a recorded model's UNet, from the single file, on a device. */
export async function firstPasses(
  folder: string,
  { target, passes }: { target: Target; passes: number },
): Promise<ParityResult[]> {
  const { name, tolerance }: ModelCase = JSON.parse(await readFile(join(folder, 'case.json'), 'utf8'))
  const base = asBase(await describeModel(join(folder, `${name}.safetensors`)))
  const recorded = await loadTensors(join(folder, 'unet.expected.safetensors'))
  return [...(await runUnet(base, recorded, target, passes))].map(([key, values]) =>
    judged(
      `${name} ${key}`,
      largestError(values, numbers(recorded.get(key) as Recorded)),
      tolerance[`unet.${key}`]?.atol ?? 0,
    ),
  )
}

type Run = (
  base: BaseCheckpoint,
  inputs: ReadonlyMap<string, Recorded>,
  expected: ReadonlyMap<string, Recorded>,
) => Promise<Map<string, Float32Array>>

/** The inputs of a UNet and their free axes; the last two are SDXL's. */
const unetInputs: Readonly<Record<string, readonly (string | null)[]>> = {
  sample: ['batch', null, 'height', 'width'],
  timestep: ['batch'],
  context: ['batch', 'tokens', null],
  text_embeds: ['batch', null],
  time_ids: ['batch', null],
}

type Values = Readonly<Record<'sample' | 'timestep' | 'context', Value>> &
  Readonly<Partial<Record<'text_embeds' | 'time_ids', Value>>>

/** What was recorded of a triple, as the UNet's inputs and as what is fed into them. */
function triple(triples: ReadonlyMap<string, Recorded>, number: number) {
  const names = Object.keys(unetInputs).filter(name => triples.has(`${number}.${name}`))
  const pairs = (of: (name: string) => unknown) => Object.fromEntries(names.map(name => [name, of(name)]))
  return {
    inputs: () => {
      const {
        text_embeds: textEmbeds,
        time_ids: timeIds,
        ...rest
      } = pairs(name => inputLike(name, triples.get(`${number}.${name}`), unetInputs[name] ?? [])) as Values
      return { ...rest, added: textEmbeds && timeIds && { textEmbeds, timeIds } }
    },
    feeds: pairs(name => tensor(triples.get(`${number}.${name}`))) as Record<string, Tensor>,
  }
}

const runUnet = async (
  base: BaseCheckpoint,
  triples: ReadonlyMap<string, Recorded>,
  target = onCpu,
  passes = Number.POSITIVE_INFINITY,
) => {
  const config = unetConfig(base.unet)
  const out = unet(config, parametersOf(base.unet), triple(triples, 0).inputs())
  const session = await openSession(toOnnx({ out }, target), target)
  const got = new Map<string, Float32Array>()
  for (let i = 0; i < passes && triples.has(`${i}.sample`); i++) {
    for (const [key, values] of await compute(session, triple(triples, i).feeds)) got.set(`${i}.${key}`, values)
  }
  await session.release()
  return got
}

const runAllOfUnet: Run = (base, triples) => runUnet(base, triples)

const runBlocks: Run = async (base, triples, expected) => {
  const { inputs, feeds } = triple(triples, Number(expected.get('of_triple')?.data[0] ?? 0))
  const places = new Map<string, Value>()
  unet(unetConfig(base.unet), parametersOf(base.unet), inputs(), (place, value) => {
    // The context is what goes in.
    if (value.kind === 'node') places.set(place, value)
    return value
  })
  const session = await open(Object.fromEntries(places))
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
  const got = new Map<string, Float32Array>()
  for (const [index, part] of base.textEncoders.entries()) {
    const suffix = index === 0 ? '' : `_${index + 1}`
    for (const [key, values] of await runEncoder(part, recorded.get(`input_ids${suffix}`)))
      got.set(key + suffix, values)
  }
  return got
}

async function runEncoder(part: NetworkPart, recorded: Recorded | undefined): Promise<Map<string, Float32Array>> {
  const config = textConfig(part)
  const ids = tensor(recorded)
  const states = clipText(config, parametersOf(part), input('ids', ids, ['batch']))
  const ends = firstEnds(ids, config.positions)
  const outputs = {
    hidden_0: states.hidden[0] as Value,
    penultimate: states.hidden.at(-2) as Value,
    penultimate_normed: states.normed(2),
    last_hidden_state: states.normed(1),
    ...(config.projection !== undefined && { text_embeds: states.pooled(input('ends', ends, ['batch'])) }),
  }
  const session = await open(outputs)
  const got = await compute(session, { ids, ...(config.projection !== undefined && { ends }) })
  await session.release()
  const last = got.get('last_hidden_state') as Float32Array
  const width = config.hiddenSize
  const pooler = [...ends.data].flatMap(end => [...last.subarray(Number(end) * width, (Number(end) + 1) * width)])
  return got.set('pooler_output', Float32Array.from(pooler))
}

/** Where the first end token of each row stands, counted over all rows; its id is the largest. */
export function firstEnds({ data }: Tensor, positions: number) {
  const all = Array.from<number | bigint, number>(data, Number)
  const rows = Array.from({ length: all.length / positions }, (_, row) => row * positions)
  return i64(rows.map(from => all.indexOf(Math.max(...all.slice(from, from + positions)), from)))
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

export function tensor(recorded: Recorded | undefined): Tensor {
  if (!recorded) throw new Error('an input was not recorded')
  const { data, shape } = recorded
  return data instanceof BigInt64Array ? i64(Array.from(data, Number), shape) : f32(Float32Array.from(data), shape)
}

export const numbers = ({ data }: Recorded): Float64Array => Float64Array.from(data as ArrayLike<number>, Number)
