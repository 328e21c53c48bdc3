import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import type { BaseCheckpoint } from '../../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { UserError } from '../../../models/errors.ts'
import type { Lora } from '../../../models/pipelines/lora/load.ts'
import { fixture } from '../../support/fixtures.ts'
import { scratch } from '../checkpoint/synthetic.ts'
import { open, random, scalar, sd1Tiny, type Tensors, writeLora } from './support.ts'

const folder = scratch()
const sdxlTiny = async () => asBase(await describeModel(fixture('sdxl-tiny', 'sdxl-tiny.safetensors')))

let base: BaseCheckpoint
let sdxl: BaseCheckpoint
beforeAll(async () => {
  base = await sd1Tiny()
  sdxl = await sdxlTiny()
})

let files = 0
const load = async (tensors: Tensors, on = base): Promise<Lora> =>
  open(await writeLora(join(folder, `${files++}.safetensors`), tensors), on)

const refused = (tensors: Tensors, on = base): Promise<UserError> =>
  load(tensors, on).then(
    () => expect.unreachable('it was accepted'),
    error => {
      expect(error).toBeInstanceOf(UserError)
      return error
    },
  )

const down = random(1, [4, 64])
const up = random(2, [64, 4])
const target = 'mid_block.attentions.0.transformer_blocks.0.attn1'

/** What a LoRA changes: network, layer and scale. */
const changed = ({ changes }: Lora) =>
  [...changes].flatMap(([network, all]) => all.map(({ place, scale }) => `${network} ${place} ${scale}`))

describe('a module is found by every name that trainers give it', () => {
  const flat = target.replaceAll('.', '_')
  it.each([
    [`lora_unet_${flat}_to_q`, '.lora_down.weight', '.lora_up.weight', `unet ${target}.to_q 1`],
    [`lora_unet_${flat}_to_out_0`, '.lora_down.weight', '.lora_up.weight', `unet ${target}.to_out.0 1`],
    [
      'lora_unet_middle_block_1_transformer_blocks_0_attn1_to_q',
      '.lora_down.weight',
      '.lora_up.weight',
      `unet ${target}.to_q 1`,
    ],
    [`lycoris_${flat}_to_q`, '.lora_down.weight', '.lora_up.weight', `unet ${target}.to_q 1`],
    [`unet.${target}.to_q`, '.lora_A.weight', '.lora_B.weight', `unet ${target}.to_q 1`],
    [`unet.${target}.to_q`, '.lora_A.default.weight', '.lora_B.default.weight', `unet ${target}.to_q 1`],
    [`unet.${target}.to_q`, '.lora.down.weight', '.lora.up.weight', `unet ${target}.to_q 1`],
    [`unet.${target}.processor.to_out_lora`, '.down.weight', '.up.weight', `unet ${target}.to_out.0 1`],
    [`${target}.processor.to_k_lora`, '.down.weight', '.up.weight', `unet ${target}.to_k 1`],
    [`base_model.model.${target}.to_v`, '.lora_A.weight', '.lora_B.weight', `unet ${target}.to_v 1`],
    [`base_model.model.unet.${target}.to_v`, '.lora_A.weight', '.lora_B.weight', `unet ${target}.to_v 1`],
    [
      'lora_te_text_model_encoder_layers_1_self_attn_k_proj',
      '.lora_down.weight',
      '.lora_up.weight',
      'text_encoder text_model.encoder.layers.1.self_attn.k_proj 1',
    ],
    [
      'text_encoder.text_model.encoder.layers.1.self_attn.out_proj',
      '.lora_linear_layer.down.weight',
      '.lora_linear_layer.up.weight',
      'text_encoder text_model.encoder.layers.1.self_attn.out_proj 1',
    ],
    [
      'text_encoder.text_model.encoder.layers.1.self_attn.to_out_lora',
      '.down.weight',
      '.up.weight',
      'text_encoder text_model.encoder.layers.1.self_attn.out_proj 1',
    ],
  ])('%s%s', async (name, first, second, wanted) => {
    const lora = await load({ [name + first]: down, [name + second]: up })
    expect(changed(lora)).toEqual([wanted])
    expect(lora.unused).toEqual([])
  })

  it('with numbered text encoders in SDXL, whose projection is a layer as well', async () => {
    const width = sdxl.textEncoders[1]?.table.get('text_projection.weight')?.shape[0] ?? 0
    const lora = await load(
      {
        'lora_te1_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight': down,
        'lora_te1_text_model_encoder_layers_0_self_attn_q_proj.lora_up.weight': up,
        'text_encoder_2.text_projection.lora_A.weight': random(3, [2, width]),
        'text_encoder_2.text_projection.lora_B.weight': random(4, [width, 2]),
        // Not a name of SDXL, which has two.
        'lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight': down,
        'lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_up.weight': up,
      },
      sdxl,
    )
    expect(changed(lora).toSorted()).toEqual([
      'text_encoder text_model.encoder.layers.0.self_attn.q_proj 1',
      'text_encoder_2 text_projection 1',
    ])
    expect(lora.unused).toEqual(['lora_te_text_model_encoder_layers_0_self_attn_q_proj'])
  })
})

describe('a LoRA is refused in one sentence', () => {
  const name = `unet.${target}.to_q`
  const whole = { [`${name}.lora_A.weight`]: down, [`${name}.lora_B.weight`]: up }
  it.each<[string, Tensors, RegExp]>([
    ['of the kind DoRA', { ...whole, [`${name}.dora_scale`]: random(1, [64, 1]) }, /of the kind DoRA/],
    ['of the kind DoRA, as PEFT names it', { ...whole, [`${name}.lora_magnitude_vector`]: random(1, [64]) }, /DoRA/],
    ['of the kind OFT', { 'lora_unet_x.oft_blocks': random(1, [4, 8, 8]) }, /of the kind OFT/],
    ['of the kind GLoRA', { 'lora_unet_x.a1.weight': down }, /of the kind GLoRA/],
    ['of the kind (IA)^3', { 'lora_unet_x.weight': down, 'lora_unet_x.on_input': scalar(1) }, /of the kind \(IA\)\^3/],
    ['of whole differences', { 'lora_unet_x.diff': random(1, [64, 64]) }, /of the kind full/],
    [
      'for nothing that the base has',
      { 'unet.x.lora_A.weight': down, 'unet.x.lora_B.weight': up },
      /None of this LoRA's 1 /,
    ],
    ['without one of its halves', { [`${name}.lora_A.weight`]: down }, /to_q lacks a part; it holds down/],
    [
      'with alpha alone',
      { ...whole, 'unet.mid_block.resnets.0.conv1.alpha': scalar(1) },
      /conv1 lacks a part; it holds none/,
    ],
    [
      'with a part that is not understood',
      { ...whole, [`${name}.lora_B.bias`]: random(1, [64]) },
      /lora_B.bias is a part/,
    ],
    [
      'whose halves differ in rank',
      { ...whole, [`${name}.lora_B.weight`]: random(1, [64, 3]) },
      /damaged at .*to_q: .*\[/,
    ],
    ['that is too wide', { ...whole, [`${name}.lora_A.weight`]: random(1, [4, 32]) }, /\[64, 32\].*\[64, 64\]/],
    ['whose alpha is no number', { ...whole, [`${name}.alpha`]: scalar(Number.NaN) }, /alpha is not a number/],
    ['whose alpha is many', { ...whole, [`${name}.alpha`]: random(1, [3]) }, /alpha is not a number/],
    ['with a vector for a matrix', { ...whole, [`${name}.lora_A.weight`]: random(1, [64]) }, /has the shape \[64\]/],
    ['with the same part twice', { ...whole, [`${name}.lora.down.weight`]: down }, /are the same part/],
  ])('%s', async (_, tensors, sentence) => {
    expect((await refused(tensors)).message).toMatch(sentence)
  })

  it('where it is none', async () => {
    await expect(open(fixture('sd1-tiny', 'sd1-tiny.safetensors'), base)).rejects.toThrow('a base, not a LoRA')
    await expect(open(fixture('bad-files', 'vae-only.safetensors'), base)).rejects.toThrow('not a LoRA')
  })
})

it('what PEFT was configured with stands in the metadata of diffusers: alpha, that of some layers, the root of the rank', async () => {
  const [q, k, te] = [
    `unet.${target}.to_q`,
    `unet.${target}.to_k`,
    'text_encoder.text_model.encoder.layers.0.self_attn.q_proj',
  ]
  const tensors = Object.fromEntries(
    [q, k, te].flatMap(name => [
      [`${name}.lora_A.weight`, down],
      [`${name}.lora_B.weight`, up],
    ]),
  )
  const told = async (configuration: unknown, more: Tensors = {}) => {
    const metadata = {
      lora_adapter_metadata: typeof configuration === 'string' ? configuration : JSON.stringify(configuration),
    }
    const lora = await open(
      await writeLora(join(folder, `${files++}.safetensors`), { ...tensors, ...more }, metadata),
      base,
    )
    return Object.fromEntries(
      [...lora.changes].flatMap(([, all]) => all.map(({ place, scale }) => [place.split('.').at(-1), scale])),
    )
  }
  const own = { 'unet.r': 4, 'unet.lora_alpha': 8, 'unet.alpha_pattern': { 'attn1.to_k': 2 } }
  expect(await told(own)).toEqual({ to_q: 2, to_k: 0.5, q_proj: 1 })
  expect(await told({ ...own, 'unet.use_rslora': true, 'text_encoder.lora_alpha': 2 })).toEqual({
    to_q: 4,
    to_k: 1,
    q_proj: 0.5,
  })
  // An alpha of the module itself goes first.
  expect(await told(own, { [`${q}.alpha`]: scalar(1) })).toMatchObject({ to_q: 0.25, to_k: 0.5 })
  for (const strange of ['[', '[]', { 'unet.lora_alpha': 'much' }, { 'unet.alpha_pattern': 3 }])
    expect(await told(strange)).toEqual({ to_q: 1, to_k: 1, q_proj: 1 })
})

it('what matches nothing is named: modules, and keys that are of none', async () => {
  const lora = await load({
    [`unet.${target}.to_q.lora_A.weight`]: down,
    [`unet.${target}.to_q.lora_B.weight`]: up,
    'unet.up_blocks.7.x.lora_A.weight': down,
    'unet.up_blocks.7.x.lora_B.weight': up,
    bundle_emb: random(1, [2, 64]),
  })
  expect(lora.unused.toSorted()).toEqual(['bundle_emb', 'unet.up_blocks.7.x'])
  expect(changed(lora)).toHaveLength(1)
})
