import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { asVae } from '../../../models/checkpoint/as-vae.ts'
import type { NetworkPart } from '../../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { PipelineCache } from '../../../models/engine/pipeline-cache.ts'
import { assemble } from '../../../models/pipelines/assemble.ts'
import { drawn, encoded, toPicture } from '../../../models/pipelines/latents.ts'
import { readTensor } from '../../../models/tensor/safetensors/read.ts'
import { type F32Tensor, f32 } from '../../../models/tensor/tensor.ts'
import { fixture } from '../../support/fixtures.ts'
import { writeFloats } from '../../support/random-base.ts'
import { loadTensors } from '../../support/safetensors.ts'
import { scratch } from '../checkpoint/synthetic.ts'

const folder = scratch()
const at = (...names: string[]) => join(folder, ...names)
const tiny = (name: string) => fixture(name, `${name}.safetensors`)
const vaeOf = async (path: string) => asVae(await describeModel(path))
const baseOf = async (path: string, vae?: string) =>
  asBase(await describeModel(path), vae === undefined ? undefined : await vaeOf(vae))

/** Writes the tensors of some part of a base alone, under the names that `key` gives. */
async function write(path: string, { table }: NetworkPart, key: (name: string, own: string) => string): Promise<void> {
  const tensors = new Map<string, F32Tensor>()
  for (const [name, entry] of table) tensors.set(key(name, entry.key), (await readTensor(entry)) as F32Tensor)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFloats(path, tensors, 'F32')
}

beforeAll(async () => {
  const { vae } = await baseOf(tiny('sd2-tiny'))
  await write(at('prefixed.safetensors'), vae, (_, key) => key)
  await write(at('bare.safetensors'), vae, (_, key) => key.replace('first_stage_model.', ''))
  await write(at('diffusers.safetensors'), vae, name => name)
  await write(at('folder/diffusion_pytorch_model.safetensors'), vae, name => name)
  await writeFile(at('folder/config.json'), JSON.stringify({ _class_name: 'AutoencoderKL', scaling_factor: 0.13025 }))
})

/** What sd2-tiny's VAE was recorded to make, through a base of another family. */
async function compare(base: Awaited<ReturnType<typeof baseOf>>): Promise<void> {
  const recorded = await loadTensors(fixture('sd2-tiny', 'vae.expected.safetensors'))
  const got = (name: string) => {
    const { data, shape } = recorded.get(name)!
    return f32(Float32Array.from(data as Float32Array), shape)
  }
  const pipeline = await assemble(base, { merges: shipped.merges })
  expect(pipeline.vae.scalingFactor).toBe(0.13025)
  const [latent, decoded] = [got('0.latent'), got('0.decoded')]
  const picture = await toPicture(
    pipeline,
    latent.data.map(value => value * 0.13025),
    latent.shape,
  )
  const within = (values: ArrayLike<number>, wanted: Float32Array, change: (value: number) => number) => {
    expect(values.length).toBe(wanted.length)
    const worst = wanted.reduce((most, value, i) => Math.max(most, Math.abs(change(value) - (values[i] as number))), 0)
    expect(worst).toBeLessThan(1e-4)
  }
  within(picture, decoded.data, value => Math.min(Math.max(value / 2 + 0.5, 0), 1))
  const [image, mean] = [got('0.image'), got('0.mean')]
  const zeros = new Float32Array(mean.data.length)
  const [, , height, width] = image.shape as [number, number, number, number]
  const latents = drawn(pipeline.vae, await encoded(pipeline, image.data, width, height), zeros)
  within(latents, mean.data, value => value * 0.13025)
  await pipeline.sessions.release()
}

describe("another VAE than the base's own", () => {
  it.each(['prefixed.safetensors', 'bare.safetensors', 'diffusers.safetensors', 'folder'])(
    'decodes and encodes as it was recorded, scaled as the base has it: %s',
    async name => {
      expect((await describeModel(at(name))).kind).toBe('vae')
      const base = await baseOf(tiny('sdxl-tiny'), at(name))
      expect(base.vae.table.get('decoder.conv_in.weight')?.file).toContain(name === 'folder' ? 'folder' : name)
      await compare(base)
    },
  )

  it('makes a base paint that has none', async () => {
    const whole = await baseOf(tiny('sdxl-tiny'))
    const model = await describeModel(tiny('sdxl-tiny'))
    const bare = { ...model, vae: { ...whole.vae, table: new Map() } } as typeof model
    expect(() => asBase(bare)).toThrow('This model holds a UNet but no VAE.')
    await compare(asBase(bare, await vaeOf(at('bare.safetensors'))))
  })

  it('may be that of another base', async () => {
    const taken = await baseOf(tiny('sd2-tiny'), tiny('sd2-tiny'))
    expect(taken.vae.table).toEqual((await baseOf(tiny('sd2-tiny'))).vae.table)
    await expect(baseOf(tiny('sd2-tiny'), tiny('sdxl-tiny'))).rejects.toThrow(
      "The VAE does not fit this base: its latents have the scaling_factor 0.13025 where the base's have 0.18215.",
    )
  })

  it('is refused in one sentence where its latents are others, or it is none', async () => {
    await expect(baseOf(tiny('sd2-tiny'), at('folder'))).rejects.toThrow('its latents have the scaling_factor 0.13025')
    await expect(baseOf(tiny('sd1-tiny'), at('bare.safetensors'))).rejects.toThrow(
      "The VAE does not fit this base: a cell of its latent is 4 pixels wide where the base's are 8.",
    )
    const { vae } = await baseOf(tiny('sd2-tiny'))
    const wide = new Map(vae.table)
    for (const name of ['decoder.conv_in.weight', 'post_quant_conv.weight', 'post_quant_conv.bias']) {
      const entry = wide.get(name)!
      wide.set(name, { ...entry, shape: entry.shape.map((size, axis) => (axis === 1 && size === 4 ? 16 : size)) })
    }
    const base = await describeModel(tiny('sd2-tiny'))
    expect(() => asBase(base, { path: '', part: { ...vae, table: wide } })).toThrow(
      "The VAE does not fit this base: it has 16 latent channels where the base's UNet takes 4.",
    )
    await expect(vaeOf(shipped.guide)).rejects.toThrow('This is not a VAE.')
    await expect(vaeOf(fixture('bad-files', 'torch-zip.ckpt'))).rejects.toThrow(/pickle/)
  })

  it('is part of what a pipeline is kept by: another VAE, or a changed one, makes another', async () => {
    const cache = new PipelineCache(2 ** 30)
    await cp(at('bare.safetensors'), at('changing.safetensors'))
    const open = (vae?: string) => cache.open(tiny('sdxl-tiny'), { merges: shipped.merges, vae })
    const own = await open()
    const first = await open(at('changing.safetensors'))
    expect(first).not.toBe(own)
    expect(await open(at('changing.safetensors'))).toBe(first)
    expect(await open()).toBe(own)
    await cp(at('diffusers.safetensors'), at('changing.safetensors'))
    expect(await open(at('changing.safetensors'))).not.toBe(first)
    await cache.release()
  })
})
