import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { shipped } from '../../main/paths.ts'
import { asBase } from '../../models/checkpoint/as-base.ts'
import { asLora } from '../../models/checkpoint/as-lora.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { assemble, type Pipeline, plugged } from '../../models/pipelines/assemble.ts'
import { loadLora } from '../../models/pipelines/lora/load.ts'
import { Generator } from '../../models/tensor/random.ts'
import { writeTensors } from '../../models/tensor/safetensors/write.ts'
import { elements, type F32Tensor, f32, i64, type Tensor } from '../../models/tensor/tensor.ts'
import { firstChunk } from '../../models/training/first-chunk.ts'
import { parseRecipe } from '../../models/training/read-recipe.ts'
import { trainRecipe } from '../../models/training/stages.ts'

/**
 * `npm run parity:lora -- PYTHON`: trains a LoRA of the demo model in each layout, loads both files with diffusers and peft,
 * and compares what its UNet and text encoder then give with what they give here. Fails where an error is above 2e-4 of the
 * largest value, or a LoRA changes less than a hundred times that.
 */
const [, , python = 'python3'] = process.argv
const tolerance = 2e-4
const folder = await mkdtemp(join(tmpdir(), 'cicerone-lora-'))
try {
  await writePictures(join(folder, 'data'))
  const files: string[] = []
  for (const layout of ['kohya', 'peft'] as const) files.push(await trainLora(layout))
  const base = asBase(await describeModel(shipped.demo))
  const pipeline = await assemble(base, { merges: shipped.merges })
  const { inputs, feeds } = asked(pipeline)
  const recorded = new Map<string, Tensor>(Object.entries(inputs))
  for (const [i, file] of ['', ...files].entries()) {
    const lora = file === '' ? [] : [{ lora: await loadLora(asLora(await describeModel(file)), base), strength: 1 }]
    const { sessions } = plugged(pipeline, lora)
    const { prediction } = await (await sessions.unet()).run(feeds.unet)
    const { states } = await (await sessions.text(1)).run(feeds.text)
    recorded.set(`${i}.unet`, prediction as Tensor).set(`${i}.text`, states as Tensor)
  }
  await pipeline.sessions.release()
  const path = join(folder, 'recorded.safetensors')
  await writeTensors(path, recorded, {})
  const script = join(import.meta.dirname, 'lora_in_diffusers.py')
  const { stdout } = await promisify(execFile)(python, [script, shipped.demo, path, ...files])
  for (const line of stdout.trim().split('\n')) {
    const { file, network, error, largest, effect } = JSON.parse(line)
    const changes = file === 'none' || effect > 100 * tolerance * largest
    const isRight = error <= tolerance * largest && changes
    const parts = { file: file.replace(`${folder}/`, '').split('/')[0], network, error, largest, effect }
    console.log(isRight ? 'right' : 'WRONG', JSON.stringify(parts))
    if (!isRight) process.exitCode = 1
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** Eight pictures of one colour each. */
async function writePictures(data: string): Promise<void> {
  await mkdir(data)
  const colours = ['red', 'green', 'blue', 'black', 'white', 'grey', 'dark red', 'dark blue']
  const side = 128
  const pictures = colours.map((_, i) => Buffer.alloc(3 * side * side, i * 30))
  await writeFile(join(data, 'pictures.u8'), Buffer.concat(pictures))
  await writeFile(join(data, 'captions.jsonl'), colours.map(caption => `${JSON.stringify({ caption })}\n`).join(''))
  await writeFile(join(data, 'data.json'), JSON.stringify({ count: colours.length, width: side, height: side }))
}

async function trainLora(layout: 'kohya' | 'peft'): Promise<string> {
  const recipe = {
    ...{ name: 'A LoRA', objective: 'lora', layout, base: shipped.demo, data: join(folder, 'data'), trainText: true },
    // An alpha that is not the rank has to be told in each layout.
    ...{ rank: 4, alpha: 6, steps: 10, batch: 4, learningRate: 0.02, ema: 0 },
  }
  const options = { folder: join(folder, layout), resume: false, merges: shipped.merges }
  return (await trainRecipe(parseRecipe(recipe, layout), options)).result
}

/** What the networks are asked, under the names of the recording and as they are fed. */
function asked({ encoders: [encoder], unet }: Pipeline) {
  if (!encoder) throw new Error('the demo model has a text encoder')
  const { positions, hiddenSize } = encoder.config
  const generator = new Generator(7)
  const normals = (...shape: number[]): F32Tensor => f32(generator.normals(elements(shape)), shape)
  const inputs = {
    sample: normals(2, unet.inChannels, 16, 16),
    timestep: f32(Float32Array.of(801, 120)),
    context: normals(2, positions, unet.crossAttentionDim),
    ids: i64([...firstChunk('a small red apple on a blue background', encoder.tokenizer, positions)], [1, positions]),
  }
  const { ids, ...rest } = inputs
  const vectors = f32(new Float32Array(positions * hiddenSize), [1, positions, hiddenSize])
  const kept = f32(new Float32Array(positions).fill(1), [1, positions, 1])
  return { inputs, feeds: { unet: rest, text: { ids, vectors, kept } } }
}
