import { UserError } from '../../errors.ts'
import type { LevelDepth, UNetConfig } from '../../networks/unet/config.ts'
import type { NetworkPart } from '../checkpoint.ts'
import { type UNetStructure, unetStructure } from '../structure.ts'
import { Fields, requireDivides, shapeOf } from './fields.ts'

/** Settings of diffusers' UNet2DConditionModel that change the arithmetic, with what ours computes. Null is always fine. */
const supported: Readonly<Record<string, readonly unknown[]>> = {
  act_fn: ['silu', 'swish'],
  attention_type: ['default'],
  center_input_sample: [false],
  class_embed_type: [],
  class_embeddings_concat: [false],
  conv_in_kernel: [3],
  conv_out_kernel: [3],
  cross_attention_norm: [],
  downsample_padding: [1],
  dual_cross_attention: [false],
  encoder_hid_dim: [],
  encoder_hid_dim_type: [],
  flip_sin_to_cos: [true],
  freq_shift: [0],
  mid_block_only_cross_attention: [false],
  mid_block_scale_factor: [1],
  num_class_embeds: [],
  only_cross_attention: [false],
  resnet_out_scale_factor: [1],
  resnet_skip_time_act: [false],
  resnet_time_scale_shift: ['default'],
  time_cond_proj_dim: [],
  time_embedding_act_fn: [],
  time_embedding_dim: [],
  time_embedding_type: ['positional'],
  timestep_post_act: [],
}

/** Heads of SD 1.x, which its shapes do not show; later families have heads of 64 channels instead. */
const convolutionalHeads = 8
const linearHeadSize = 64

/**
 * Configuration of a UNet from its tensors, completed by config.json where there is one.
 * @throws UserError that names the tensor or the setting that is missing, absurd, contradictory or not supported
 */
export const unetConfig = (part: NetworkPart): UNetConfig => {
  const fields = new Fields(part)
  fields.support(supported)
  const names = [...part.table.keys()]
  const structure = unetStructure(names)
  const { levels, layersPerBlock, transformerLayers, midTransformerLayers } = structure
  const inChannels = shapeOf(part, 'conv_in.weight', 4)[1] as number
  const outChannels = shapeOf(part, 'conv_out.weight', 4)[0] as number
  const blockOutChannels = Array.from(
    { length: levels },
    (_, level) => shapeOf(part, `down_blocks.${level}.resnets.0.conv1.weight`, 4)[0] as number,
  )
  const context = names.find(name => name.endsWith('.attn2.to_k.weight'))
  const projIn = names.find(name => name.endsWith('.proj_in.weight'))
  if (levels === 0 || !context || !projIn)
    throw new UserError('The UNet has no cross-attention, so no prompt can act on it.')
  const crossAttentionDim = shapeOf(part, context, 2)[1] as number
  const linearProjection = part.table.get(projIn)?.shape.length === 2

  fields.agree('in_channels', inChannels)
  fields.agree('out_channels', outChannels)
  fields.agree('block_out_channels', blockOutChannels)
  fields.agree('layers_per_block', layersPerBlock)
  fields.agree('cross_attention_dim', crossAttentionDim)
  fields.agree('use_linear_projection', linearProjection)
  const added = 'add_embedding.linear_1.weight'
  const additionInputs = part.table.has(added) ? shapeOf(part, added, 2)[1] : undefined
  fields.agree('addition_embed_type', additionInputs === undefined ? null : 'text_time')
  if (additionInputs !== undefined) fields.agree('projection_class_embeddings_input_dim', additionInputs)
  const attends = transformerLayers.map(depth => depth !== 0)
  fields.agree(
    'down_block_types',
    attends.map(yes => (yes ? 'CrossAttnDownBlock2D' : 'DownBlock2D')),
  )
  fields.agree('up_block_types', attends.map(yes => (yes ? 'CrossAttnUpBlock2D' : 'UpBlock2D')).toReversed())
  const middle = midTransformerLayers === 0 ? 'UNetMidBlock2D' : 'UNetMidBlock2DCrossAttn'
  fields.agree('mid_block_type', midTransformerLayers === null ? null : middle)
  agreeTransformers(fields, structure)

  const normGroups = fields.integer('norm_num_groups', 32, 1, 1024)
  for (const channels of blockOutChannels) requireDivides(part, 'groups', normGroups, channels)
  return {
    inChannels,
    outChannels,
    blockOutChannels,
    layersPerBlock,
    transformerLayers,
    midTransformerLayers,
    heads: headsOf(part, fields, blockOutChannels, attends, linearProjection),
    crossAttentionDim,
    linearProjection,
    ...(additionInputs !== undefined && { additionInputs }),
    normGroups,
    normEps: fields.number('norm_eps', 1e-5, 0, 0.1),
  }
}

/**
 * One number stands for every level, or for every block of one; levels without attention may say anything. The way up
 * is the way down reversed where it is not stated; the last entry of the way down speaks for the middle.
 */
const agreeTransformers = (fields: Fields, { layersPerBlock, ...structure }: UNetStructure): void => {
  const { transformerLayers, midTransformerLayers: middle } = structure
  const field = 'transformer_layers_per_block'
  const stated = fields.get(field)
  if (stated === undefined) return
  const down = Array.isArray(stated) ? stated : transformerLayers.map(() => stated)
  const back = fields.get(`reverse_${field}`)
  const up = Array.isArray(back) ? back.slice(0, down.length).toReversed() : down
  const says = (said: unknown, depth: LevelDepth, way: 'down' | 'up', blocks: number) => {
    const depths = typeof depth === 'number' ? Array.from({ length: blocks }, () => depth) : depth[way]
    return depth === 0 || depths.every((count, i) => count === (Array.isArray(said) ? said[i] : said))
  }
  const same =
    down.length === transformerLayers.length &&
    transformerLayers.every(
      (depth, level) =>
        says(down[level], depth, 'down', layersPerBlock) && says(up[level], depth, 'up', layersPerBlock + 1),
    )
  if (!same || (middle && down.at(-1) !== middle))
    throw fields.wrong(
      field,
      `the tensors say ${transformerLayers.map(inWords).join(', ')} and ${middle ?? 0} in the middle`,
    )
}

const inWords = (depth: LevelDepth): string =>
  typeof depth === 'number' ? String(depth) : `${depth.down.join('-')} down and ${depth.up.join('-')} up`

/**
 * Heads of each level. diffusers' `attention_head_dim` is, by an old mistake that files depend on, their number;
 * `num_attention_heads` wins where it is set. Without a config it goes by the kind of projection.
 */
const headsOf = (
  part: NetworkPart,
  fields: Fields,
  channels: readonly number[],
  attends: readonly boolean[],
  linearProjection: boolean,
): number[] => {
  const field = fields.get('num_attention_heads') === undefined ? 'attention_head_dim' : 'num_attention_heads'
  const stated = fields.get(field) ?? (part.config || !linearProjection ? convolutionalHeads : undefined)
  const heads = channels.map((size, level) => {
    if (stated === undefined) return Math.max(1, Math.floor(size / linearHeadSize))
    return Array.isArray(stated) ? stated[level] : stated
  })
  const fits = !Array.isArray(stated) || stated.length === channels.length
  return heads.map((count: unknown, level) => {
    if (!fits || typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > 1024) {
      throw fields.wrong(field, `a number of heads is needed for each of ${channels.length} levels`)
    }
    const last = level === channels.length - 1
    if (attends[level] || last) requireDivides(part, 'heads', count, channels[level] as number)
    return count
  })
}
