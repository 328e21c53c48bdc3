import { UserError } from '../../errors.ts'
import type { VaeConfig } from '../../networks/vae/config.ts'
import type { Architecture, NetworkPart } from '../checkpoint.ts'
import { vaeStructure } from '../structure.ts'
import { Fields, requireDivides, shapeOf } from './fields.ts'

/** Settings of diffusers' AutoencoderKL that change the arithmetic, with what ours computes. Null is always fine. */
const supported: Readonly<Record<string, readonly unknown[]>> = {
  act_fn: ['silu', 'swish'],
  latents_mean: [],
  latents_std: [],
}

/** What each family scales its latents by, which no shape shows. */
export const usualScaling: Readonly<Record<Architecture, number>> = { sd1: 0.18215, sd2: 0.18215, sdxl: 0.13025 }

/**
 * Configuration of an autoencoder from its tensors, completed by config.json where there is one.
 * @throws UserError that names the tensor or the setting that is missing, absurd, contradictory or not supported
 */
export const vaeConfig = (part: NetworkPart): VaeConfig => {
  const fields = new Fields(part)
  fields.support(supported)
  const names = [...part.table.keys()]
  const { levels, layersPerBlock } = vaeStructure(names)
  if (levels === 0) throw new UserError(`The model lacks ${part.keyOf('decoder.up_blocks.0.resnets.0.conv1.weight')}.`)
  const latentChannels = shapeOf(part, 'decoder.conv_in.weight', 4)[1] as number
  const outChannels = shapeOf(part, 'decoder.conv_out.weight', 4)[0] as number
  const inChannels = shapeOf(part, 'encoder.conv_in.weight', 4)[1] as number
  const blockOutChannels = Array.from(
    { length: levels },
    (_, level) => shapeOf(part, `decoder.up_blocks.${levels - 1 - level}.resnets.0.conv1.weight`, 4)[0] as number,
  )
  const useQuantConv = part.table.has('quant_conv.weight')
  const usePostQuantConv = part.table.has('post_quant_conv.weight')
  const midBlockAttention = names.some(name => name.includes('.mid_block.attentions.'))

  fields.agree('in_channels', inChannels)
  fields.agree('out_channels', outChannels)
  fields.agree('latent_channels', latentChannels)
  fields.agree('block_out_channels', blockOutChannels)
  fields.agree('layers_per_block', layersPerBlock)
  fields.agree('use_quant_conv', useQuantConv)
  fields.agree('use_post_quant_conv', usePostQuantConv)
  fields.agree('mid_block_add_attention', midBlockAttention)
  fields.agree(
    'down_block_types',
    blockOutChannels.map(() => 'DownEncoderBlock2D'),
  )
  fields.agree(
    'up_block_types',
    blockOutChannels.map(() => 'UpDecoderBlock2D'),
  )

  const normGroups = fields.integer('norm_num_groups', 32, 1, 1024)
  for (const channels of blockOutChannels) requireDivides(part, 'groups', normGroups, channels)
  return {
    inChannels,
    outChannels,
    latentChannels,
    blockOutChannels,
    layersPerBlock,
    normGroups,
    scalingFactor: fields.number('scaling_factor', usualScaling.sd1, 1e-6, 1e6),
    shiftFactor: fields.number('shift_factor', 0, -1e6, 1e6),
    useQuantConv,
    usePostQuantConv,
    midBlockAttention,
    patchSize: patchSizeOf(fields, inChannels, outChannels),
  }
}

/** RGB is three channels; pixels shuffled by n are 3 n^2. */
const patchSizeOf = (fields: Fields, inChannels: number, outChannels: number): number => {
  const size = Math.sqrt(inChannels / 3)
  if (inChannels !== outChannels || !Number.isInteger(size)) {
    throw new UserError(
      `The VAE takes ${inChannels} channels and gives ${outChannels}; 3, or 3 times a square, are needed on both sides.`,
    )
  }
  fields.agree('patch_size', size)
  return size
}
