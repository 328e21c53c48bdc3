import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import type { BaseCheckpoint, NetworkPart } from '../../../models/checkpoint/checkpoint.ts'
import { textConfig } from '../../../models/checkpoint/config/text.ts'
import { unetConfig } from '../../../models/checkpoint/config/unet.ts'
import { vaeConfig } from '../../../models/checkpoint/config/vae.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { UserError } from '../../../models/errors.ts'
import { fixture } from '../../support/fixtures.ts'

let base: BaseCheckpoint
beforeAll(async () => {
  base = asBase(await describeModel(fixture('sd1-tiny', 'folder')))
})

const readers = {
  unet: (change: object) => unetConfig(withConfig(base.unet, change)),
  vae: (change: object) => vaeConfig(withConfig(base.vae, change)),
  text: (change: object) => textConfig(withConfig(base.textEncoders[0]!, change)),
}
const withConfig = (part: NetworkPart, change: object): NetworkPart => ({
  ...part,
  config: { ...part.config, ...change },
})

test.each([
  ['unet', 'act_fn', 'gelu', 'only "silu" and "swish" is supported'],
  ['unet', 'only_cross_attention', true, 'only false is supported'],
  ['unet', 'class_embed_type', 'timestep', 'only null is supported'],
  ['unet', 'addition_embed_type', 'text_time', 'the tensors say null'],
  ['unet', 'flip_sin_to_cos', false, 'only true is supported'],
  ['unet', 'resnet_time_scale_shift', 'scale_shift', 'only "default" is supported'],
  ['unet', 'mid_block_type', 'UNetMidBlock2DSimpleCrossAttn', 'the tensors say "UNetMidBlock2DCrossAttn"'],
  ['unet', 'down_block_types', ['DownBlock2D'], 'the tensors say ["CrossAttnDownBlock2D"'],
  ['unet', 'block_out_channels', [64, 64, 64], 'the tensors say [64, 64, 64, 64]'],
  ['unet', 'in_channels', 9, 'the tensors say 4'],
  ['unet', 'layers_per_block', [2, 2, 2, 2], 'the tensors say 2'],
  ['unet', 'cross_attention_dim', 768, 'the tensors say 64'],
  ['unet', 'use_linear_projection', true, 'the tensors say false'],
  ['unet', 'transformer_layers_per_block', 2, 'the tensors say 1, 1, 1, 0 and 1 in the middle'],
  ['unet', 'transformer_layers_per_block', [1, 1, 1], 'the tensors say'],
  ['unet', 'attention_head_dim', [8, 8], 'a number of heads is needed for each of 4 levels'],
  ['unet', 'attention_head_dim', 0, 'a number of heads is needed'],
  ['unet', 'attention_head_dim', '8', 'a number of heads is needed'],
  ['unet', 'norm_num_groups', 0, 'a whole number from 1 to 1024 is needed'],
  ['unet', 'norm_num_groups', 1e9, 'a whole number from 1 to 1024 is needed'],
  ['unet', 'norm_eps', -1, 'a number from 0 to 0.1 is needed'],
  ['vae', 'act_fn', 'relu', 'is supported'],
  ['vae', 'latents_mean', [0, 0, 0, 0], 'only null is supported'],
  ['vae', 'scaling_factor', 0, 'a number from'],
  ['vae', 'scaling_factor', '0.18215', 'a number from'],
  ['vae', 'shift_factor', {}, 'a number from'],
  ['vae', 'patch_size', 2, 'the tensors say 1'],
  ['vae', 'latent_channels', 16, 'the tensors say 4'],
  ['vae', 'use_quant_conv', false, 'the tensors say true'],
  ['vae', 'down_block_types', ['AttnDownEncoderBlock2D'], 'the tensors say'],
  ['text', 'hidden_act', 'relu', 'only quick_gelu and gelu are supported'],
  ['text', 'num_attention_heads', 1.5, 'a whole number from 1 to 1024 is needed'],
  ['text', 'num_hidden_layers', 12, 'the tensors say 3'],
  ['text', 'max_position_embeddings', 24, 'the tensors say 77'],
  ['text', 'layer_norm_eps', Number.NaN, 'a number from 0 to 0.1 is needed'],
] as const)('%s: %s %j is refused', (part, field, value, why) => {
  const read = () => readers[part]({ [field]: value })
  expect(read).toThrow(UserError)
  expect(read).toThrow(`config.json: ${field} is `)
  expect(read).toThrow(why)
})

test('heads and groups must divide the channels', () => {
  expect(() => readers.unet({ attention_head_dim: 5 })).toThrow(
    'The unet has 64 channels, which 5 heads do not divide.',
  )
  expect(() => readers.vae({ norm_num_groups: 5 })).toThrow('The vae has 64 channels, which 5 groups do not divide.')
  expect(() => readers.text({ num_attention_heads: 5 })).toThrow('The text_encoder has 64 channels, which 5 heads')
})

test('what a config.json may decide', () => {
  expect(readers.unet({ attention_head_dim: 4 }).heads).toEqual([4, 4, 4, 4])
  expect(readers.unet({ attention_head_dim: [1, 2, 4, 8] }).heads).toEqual([1, 2, 4, 8])
  expect(readers.unet({ attention_head_dim: 8, num_attention_heads: 2 }).heads).toEqual([2, 2, 2, 2])
  expect(readers.unet({ transformer_layers_per_block: [1, 1, 1, 1], norm_num_groups: 16 }).normGroups).toBe(16)
  expect(readers.vae({ scaling_factor: 0.5, shift_factor: 0.1 })).toMatchObject({
    scalingFactor: 0.5,
    shiftFactor: 0.1,
  })
  expect(readers.text({ hidden_act: 'gelu', num_attention_heads: 4 })).toMatchObject({ activation: 'gelu', heads: 4 })
})

test('depths that differ from block to block, as SSD-1B states them', () => {
  const { unet } = base
  const entry = unet.table.get('mid_block.attentions.0.transformer_blocks.0.norm1.weight')!
  const table = new Map(
    [...unet.table].filter(
      ([name]) => !/^(?:mid_block\.(?:attentions|resnets\.1)|.*\.transformer_blocks\.)/.test(name),
    ),
  )
  const add = (module: string, depth: number) => {
    for (let i = 0; i < depth; i++)
      for (const name of ['norm1.weight', 'attn2.to_k.weight']) {
        const like = unet.table.get(`down_blocks.0.attentions.0.transformer_blocks.0.${name}`) ?? entry
        table.set(`${module}.transformer_blocks.${i}.${name}`, like)
      }
  }
  const depths = {
    down: [
      [1, 1],
      [2, 2],
      [4, 4],
    ],
    up: [
      [4, 4, 10],
      [2, 1, 1],
      [1, 1, 1],
    ],
  }
  for (const [level, counts] of depths.down.entries())
    for (const [i, depth] of counts.entries()) add(`down_blocks.${level}.attentions.${i}`, depth)
  for (const [i, counts] of depths.up.entries())
    for (const [j, depth] of counts.entries()) add(`up_blocks.${i + 1}.attentions.${j}`, depth)
  const config = (change: object) =>
    unetConfig(withConfig({ ...unet, table }, { mid_block_type: 'UNetMidBlock2D', ...change }))
  const stated = {
    transformer_layers_per_block: [1, [2, 2], [4, 4], 1],
    reverse_transformer_layers_per_block: [0, [4, 4, 10], [2, 1, 1], 1],
  }
  expect(config(stated)).toMatchObject({
    transformerLayers: [1, { down: [2, 2], up: [2, 1, 1] }, { down: [4, 4], up: [4, 4, 10] }, 0],
    midTransformerLayers: 0,
  })
  expect(config({ transformer_layers_per_block: undefined })).toEqual(config(stated))
  expect(() => config({ ...stated, reverse_transformer_layers_per_block: [0, [10, 4, 4], [2, 1, 1], 1] })).toThrow(
    'the tensors say 1, 2-2 down and 2-1-1 up, 4-4 down and 4-4-10 up, 0 and 0 in the middle',
  )
  expect(() => config({ ...stated, mid_block_type: 'UNetMidBlock2DCrossAttn' })).toThrow(
    'the tensors say "UNetMidBlock2D"',
  )
})

test('any JSON in any setting gives a configuration or a sentence', () => {
  const parts = [base.unet, base.vae, base.textEncoders[0]!]
  const fields = fc.constantFrom(...parts.flatMap(({ config }) => Object.keys(config ?? {})))
  fc.assert(
    fc.property(fc.constantFrom('unet', 'vae', 'text'), fc.dictionary(fields, fc.jsonValue()), (part, change) => {
      try {
        expect(JSON.stringify(readers[part as 'unet'](change))).not.toContain('null')
      } catch (error) {
        expect(error).toBeInstanceOf(UserError)
      }
    }),
    { numRuns: 500 },
  )
})
