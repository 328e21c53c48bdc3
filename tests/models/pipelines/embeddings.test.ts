import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { assemble, type Pipeline } from '../../../models/pipelines/assemble.ts'
import { condition, type Prompts } from '../../../models/pipelines/condition.ts'
import { loadEmbeddings } from '../../../models/pipelines/embeddings.ts'
import { readTensor } from '../../../models/tensor/safetensors/read.ts'
import { f32 } from '../../../models/tensor/tensor.ts'
import { fixture } from '../../support/fixtures.ts'
import { type FloatType, writeFloats } from '../../support/random-base.ts'
import { scratch } from '../checkpoint/synthetic.ts'

const folder = scratch()
const merges = shipped.merges
const open = async (path: string) => assemble(asBase(await describeModel(path)), { merges })

/** The rows of an encoder's own table for the tokens of a text. */
async function rowsOf({ encoders }: Pipeline, text: string, index = 0): Promise<Float32Array> {
  const { part, tokenizer, config } = encoders[index] as Pipeline['encoders'][number]
  const entry = part.table.get('text_model.embeddings.token_embedding.weight')
  const { data } = await readTensor(entry as NonNullable<typeof entry>)
  const width = config.hiddenSize
  return Float32Array.from(
    tokenizer.encode(text).flatMap(id => [...(data as Float32Array).subarray(id * width, (id + 1) * width)]),
  )
}

/** Writes an embedding whose vectors are those of a text's own tokens. */
async function write(
  file: string,
  tensors: Readonly<Record<string, { data: Float32Array; width: number }>>,
  dtype: FloatType = 'F32',
): Promise<{ name: string; path: string }> {
  const path = join(folder, file)
  const all = Object.entries(tensors).map(
    ([key, { data, width }]) => [key, f32(data, [data.length / width, width])] as const,
  )
  await writeFloats(path, new Map(all), dtype)
  return { name: file.replace('.safetensors', ''), path }
}

describe.each(['sd1-tiny', 'sd2-tiny', 'sdxl-tiny'])('an embedding in a prompt of %s', base => {
  let pipeline: Pipeline
  let cats: { name: string; path: string }
  beforeAll(async () => {
    pipeline = await open(fixture(base, `${base}.safetensors`))
    const keys = base === 'sdxl-tiny' ? ['clip_l', 'clip_g'] : ['emb_params']
    const tensors = await Promise.all(
      keys.map(async (key, i) => {
        const data = await rowsOf(pipeline, 'two grey cats', i)
        return [key, { data, width: pipeline.encoders[i]?.config.hiddenSize as number }] as const
      }),
    )
    cats = await write(`${base}-cats.safetensors`, Object.fromEntries(tensors))
  })
  afterAll(() => pipeline.sessions.release())

  const tell = async (prompt: string, changed: Partial<Prompts> = {}) =>
    condition(pipeline, {
      ...{ prompt, guided: false, clipSkip: 1, ...changed },
      embeddings: await loadEmbeddings([cats], pipeline.encoders),
    })

  it.each([
    ['a photo of EMB, blue', 'a photo of two grey cats, blue'],
    ['a (EMB:1.3) on a mat', 'a (two grey cats:1.3) on a mat'],
    ['embedding:EMB and <EMB>', 'two grey cats and two grey cats'],
    ['EMB BREAK (EMB)', 'two grey cats BREAK (two grey cats)'],
  ])('whose vectors are those of tokens says exactly what these say: %s', async (named, plain) => {
    const [got, wanted] = [await tell(named.replaceAll('EMB', cats.name.toUpperCase())), await tell(plain)]
    expect(got.positive).toEqual(wanted.positive)
    expect(got.means).toEqual(wanted.means)
    expect(got.pooled).toEqual(wanted.pooled)
  })

  it('also acts in a negative prompt, and is no word of another', async () => {
    const sides = { guided: true, negative: `bad ${cats.name}` }
    const got = await tell('a cat', sides)
    expect(got.negative).toEqual((await tell('a cat', { ...sides, negative: 'bad two grey cats' })).negative)
    expect((await tell(`${cats.name}x`)).positive).not.toEqual((await tell(cats.name)).positive)
  })

  it('stays whole where it does not fit into the rest of a chunk', async () => {
    const words = 'sea '.repeat(73)
    const [got, split] = [await tell(`${words}${cats.name}`), await tell(`${words}two grey cats`)]
    expect(got.positive).toEqual((await tell(`${words} BREAK two grey cats`)).positive)
    expect(got.positive).not.toEqual(split.positive)
  })
})

describe('files of embeddings', () => {
  const encoders = (...widths: number[]) =>
    widths.map(hiddenSize => ({ config: { hiddenSize, positions: 77 } })) as unknown as Pipeline['encoders']
  const zeros = (count: number, width: number) => ({ data: new Float32Array(count * width), width })

  it.each(['F32', 'F16', 'BF16'] as const)("are A1111's, diffusers' and SDXL's, in %s", async dtype => {
    const vector = Float32Array.of(0.5, -2, 0.25, 1)
    const values = { data: vector, width: 4 }
    const a1111 = await write('a.safetensors', { emb_params: values }, dtype)
    const diffusers = await write('b.safetensors', { '<cat-toy>': values }, dtype)
    for (const file of [a1111, diffusers])
      expect(await loadEmbeddings([file], encoders(4))).toEqual([{ name: file.name, vectors: [[vector]] }])
    const pair = await write('c.safetensors', { clip_g: { data: vector, width: 2 }, clip_l: zeros(2, 3) }, dtype)
    const zero = new Float32Array(3)
    expect(await loadEmbeddings([pair], encoders(3, 2))).toEqual([
      {
        name: 'c',
        vectors: [
          [zero, zero],
          [vector.slice(0, 2), vector.slice(2)],
        ],
      },
    ])
  })

  it.each([
    ['another width', { emb_params: zeros(2, 4) }, [6], "holds vectors of 4 numbers, and this base's text takes 6."],
    [
      'one for SD 1.x',
      { emb_params: zeros(2, 4) },
      [4, 6],
      "holds vectors of 4 numbers, and this base's text takes 4 and 6.",
    ],
    [
      'one for SDXL',
      { clip_l: zeros(2, 4), clip_g: zeros(2, 6) },
      [4],
      "holds vectors of 4 and 6 numbers, and this base's text takes 4.",
    ],
    [
      'too many vectors',
      { emb_params: zeros(76, 4) },
      [4],
      'takes the place of 76 tokens, and this base reads 75 at once.',
    ],
    ['halves of different sizes', { clip_l: zeros(2, 4), clip_g: zeros(3, 6) }, [4, 6], 'it holds 2 and 3 vectors.'],
    ['two words', { '<a>': zeros(2, 4), '<b>': zeros(3, 4) }, [4], 'This file holds 2 embeddings'],
    ['nothing', { emb_params: zeros(0, 4) }, [4], 'emb_params has the shape [0, 4], where vectors are needed.'],
    [
      'not-a-number',
      { emb_params: { data: Float32Array.of(Number.NaN), width: 1 } },
      [1],
      'contains NaN; it is damaged.',
    ],
  ])('are refused in one sentence: %s', async (what, tensors, widths, sentence) => {
    const file = await write(`${what}.safetensors`, tensors)
    await expect(loadEmbeddings([file], encoders(...widths))).rejects.toThrow(sentence)
  })

  it('are refused where they are pickled, or no embeddings', async () => {
    const path = join(folder, 'old.pt')
    await cp(fixture('bad-files', 'torch-zip.ckpt'), path)
    await expect(loadEmbeddings([{ name: 'old', path }], encoders(4))).rejects.toThrow(/pickle/)
    await expect(loadEmbeddings([{ name: 'guide', path: shipped.guide }], encoders(4))).rejects.toThrow(
      'This is not an embedding (a textual inversion).',
    )
  })
})
