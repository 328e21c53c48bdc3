import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asBase } from '../../models/checkpoint/as-base.ts'
import type { BaseCheckpoint, NetworkPart } from '../../models/checkpoint/checkpoint.ts'
import { textConfig } from '../../models/checkpoint/config/text.ts'
import { unetConfig } from '../../models/checkpoint/config/unet.ts'
import { vaeConfig } from '../../models/checkpoint/config/vae.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { gradients } from '../../models/graph/gradient.ts'
import { toOnnx } from '../../models/graph/onnx/write.ts'
import { concat } from '../../models/graph/ops/concat.ts'
import { mul } from '../../models/graph/ops/mul.ts'
import { sub } from '../../models/graph/ops/sub.ts'
import { meanAll } from '../../models/graph/ops/sum.ts'
import { input, type Value } from '../../models/graph/value.ts'
import type { Parameters } from '../../models/networks/parameters.ts'
import { clipText } from '../../models/networks/text/clip.ts'
import { unet } from '../../models/networks/unet/unet.ts'
import { decode } from '../../models/networks/vae/decode.ts'
import { encode } from '../../models/networks/vae/encode.ts'
import { parametersOf } from '../../models/pipelines/parameters.ts'
import { openSession } from '../../models/runtime/session.ts'
import { readTensor } from '../../models/tensor/safetensors/read.ts'
import { f32, i64, type Tensor } from '../../models/tensor/tensor.ts'
import { loadTensors, type Recorded } from '../support/safetensors.ts'
import { numbers } from './networks.ts'
import type { FindCase } from './pipelines.ts'
import { failed, judged, largestError, type ParityResult, skipped } from './result.ts'

interface GradientsCase {
  name: string
  base: string
  tensors: Record<string, { atol: number }>
}

/** Autograd's gradients of whole networks, for a spread of parameters and for the inputs. */
export async function check(folder: string, find: FindCase): Promise<ParityResult[]> {
  const { name, base, tensors }: GradientsCase = JSON.parse(await readFile(join(folder, 'case.json'), 'utf8'))
  const path = find(base)
  if (path === undefined) return [skipped(name, `The base ${base} is not in the folder.`)]
  const folderForm = join(path, 'folder')
  const model = asBase(await describeModel(existsSync(folderForm) ? folderForm : join(path, `${base}.safetensors`)))
  const recorded = await loadTensors(join(folder, 'gradients.expected.safetensors'))
  const results: ParityResult[] = []
  for (const [network, own] of Object.entries(Object.groupBy(Object.entries(tensors), ([key]) => networkOf(key)))) {
    const got = await differentiate(model, network, recorded)
    for (const [key, { atol }] of own ?? []) {
      const [mine, theirs] = [got.get(key), recorded.get(key)]
      if (!mine || !theirs) results.push(failed(`${name} ${key}`, 'It was not computed.'))
      else results.push(judged(`${name} ${key}`, largestError(mine, numbers(theirs)), atol))
    }
  }
  return results
}

const networkOf = (key: string): string => key.split('.', 1)[0] as string

/** A network's result from its inputs by their recorded names. */
type Build = (base: BaseCheckpoint, parameters: (part: NetworkPart) => Parameters, given: Given) => Value
type Given = (name: string) => Value | undefined

const needed = (given: Given, name: string): Value => {
  const value = given(name)
  if (!value) throw new Error(`${name} was not recorded`)
  return value
}

const text =
  (encoder: number): Build =>
  ({ textEncoders }, parameters, given) => {
    const part = textEncoders[encoder]
    if (!part) throw new Error(`the base has no text encoder ${encoder + 1}`)
    return clipText(textConfig(part), parameters(part), needed(given, 'ids')).normed(1)
  }

const networks: Readonly<Record<string, Build>> = {
  unet(base, parameters, given) {
    const [textEmbeds, timeIds] = [given('text_embeds'), given('time_ids')]
    return unet(unetConfig(base.unet), parameters(base.unet), {
      sample: needed(given, 'sample'),
      timestep: needed(given, 'timestep'),
      context: needed(given, 'context'),
      added: textEmbeds && timeIds && { textEmbeds, timeIds },
    })
  },
  text: text(0),
  text_2: text(1),
  decode: (base, parameters, given) => decode(vaeConfig(base.vae), parameters(base.vae), needed(given, 'latent')),
  encode(base, parameters, given) {
    const { mean, logvar } = encode(vaeConfig(base.vae), parameters(base.vae), needed(given, 'image'))
    return concat([mean, logvar], 1)
  },
}

/** Everything that was recorded of a network, computed in one run, under its recorded key. */
async function differentiate(
  base: BaseCheckpoint,
  network: string,
  recorded: ReadonlyMap<string, Recorded>,
): Promise<Map<string, Float32Array>> {
  const build = networks[network]
  if (!build) return new Map()
  const feeds: Record<string, Tensor> = {}
  const entries = new Map<string, () => Promise<Tensor>>()
  const wanted = new Map<string, Value>()
  const feed = (name: string, key: string, { dtype, shape }: Pick<Value, 'dtype' | 'shape'>): Value => {
    const value = input(name, { dtype, shape })
    if (recorded.has(key)) wanted.set(key, value)
    return value
  }
  const given: Given = name => {
    const found = recorded.get(`${network}.in.${name}`)
    if (!found) return undefined
    const tensor = tensorOf(found, name !== 'ids')
    feeds[name] = tensor
    return feed(name, `${network}.d.${name}`, tensor)
  }
  // What is differentiated is an input, as it is in training; all else stays in its file.
  const parameters = (part: NetworkPart): Parameters => {
    const frozen = parametersOf(part)
    return (name, shape) => {
      const key = [name, name.replace(/^text_model[.]/, '')]
        .map(each => `${network}.d.${each}`)
        .find(each => recorded.has(each))
      const entry = part.table.get(name)
      if (key === undefined || !entry) return frozen(name, shape)
      if (part.transposed?.has(name)) {
        const value = frozen(name, shape)
        wanted.set(key, value)
        return value
      }
      entries.set(name, async () => ({ ...(await readTensor(entry)), shape }) as Tensor)
      return feed(name, key, { dtype: 'f32', shape })
    }
  }

  const out = build(base, parameters, given)
  const target = tensorOf(recorded.get(`${network}.target`) as Recorded, true)
  feeds.target = target
  const difference = sub(out, input('target', target))
  const loss = meanAll(mul(difference, difference))
  const keys = [...wanted.keys()]
  const computed = gradients(loss, [...wanted.values()])
  const outputs = { out, loss, ...Object.fromEntries(computed.map((value, i) => [`gradient ${i}`, value])) }
  for (const [name, read] of entries) feeds[name] = await read()

  const session = await openSession(toOnnx(outputs))
  const results = await session.run(feeds)
  await session.release()
  const data = (name: string) => results[name]?.data as Float32Array
  return new Map([
    [`${network}.out`, data('out')],
    [`${network}.loss`, data('loss')],
    ...keys.map((key, i) => [key, data(`gradient ${i}`)] as const),
  ])
}

/** Whole numbers are only token ids; a timestep is a number like any other. */
const tensorOf = ({ data, shape }: Recorded, isNumber: boolean): Tensor =>
  isNumber
    ? f32(Float32Array.from(data as ArrayLike<number>, Number), shape)
    : i64(Array.from(data as ArrayLike<number>, Number), shape)
