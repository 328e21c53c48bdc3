import type { TextConfig } from '../../networks/text/config.ts'
import { depthAt, type UNetConfig } from '../../networks/unet/config.ts'
import type { VaeConfig } from '../../networks/vae/config.ts'
import type { ScheduleConfig } from '../../samplers/schedule.ts'

type Config = Readonly<Record<string, unknown>>

/** `unet/config.json` as diffusers' UNet2DConditionModel reads it. `sampleSize` is the side of its latents. */
export const unetJson = (config: UNetConfig, sampleSize: number): Config => {
  const attends = config.transformerLayers.map(layers => depthAt(layers, 'down', 0) > 0)
  return {
    _class_name: 'UNet2DConditionModel',
    sample_size: sampleSize,
    in_channels: config.inChannels,
    out_channels: config.outChannels,
    down_block_types: attends.map(yes => (yes ? 'CrossAttnDownBlock2D' : 'DownBlock2D')),
    mid_block_type: 'UNetMidBlock2DCrossAttn',
    up_block_types: attends.map(yes => (yes ? 'CrossAttnUpBlock2D' : 'UpBlock2D')).toReversed(),
    block_out_channels: config.blockOutChannels,
    layers_per_block: config.layersPerBlock,
    cross_attention_dim: config.crossAttentionDim,
    // Their number, by an old mistake that files depend on.
    attention_head_dim: config.heads,
    use_linear_projection: config.linearProjection,
    norm_num_groups: config.normGroups,
    norm_eps: config.normEps,
    act_fn: 'silu',
    flip_sin_to_cos: true,
    freq_shift: 0,
  }
}

/** `vae/config.json` as diffusers' AutoencoderKL reads it; `patch_size` is this studio's. */
export const vaeJson = (config: VaeConfig, sampleSize: number): Config => ({
  _class_name: 'AutoencoderKL',
  ...(config.patchSize > 1 && { patch_size: config.patchSize }),
  in_channels: config.inChannels,
  out_channels: config.outChannels,
  down_block_types: config.blockOutChannels.map(() => 'DownEncoderBlock2D'),
  up_block_types: config.blockOutChannels.map(() => 'UpDecoderBlock2D'),
  block_out_channels: config.blockOutChannels,
  layers_per_block: config.layersPerBlock,
  latent_channels: config.latentChannels,
  norm_num_groups: config.normGroups,
  sample_size: sampleSize,
  scaling_factor: config.scalingFactor,
  shift_factor: config.shiftFactor,
  use_quant_conv: config.useQuantConv,
  use_post_quant_conv: config.usePostQuantConv,
  mid_block_add_attention: config.midBlockAttention,
  act_fn: 'silu',
})

/** `text_encoder/config.json` as transformers' CLIPTextModel reads it. */
export const textJson = (config: TextConfig): Config => ({
  architectures: [config.projection === undefined ? 'CLIPTextModel' : 'CLIPTextModelWithProjection'],
  vocab_size: config.vocabSize,
  hidden_size: config.hiddenSize,
  intermediate_size: config.intermediateSize,
  num_hidden_layers: config.layers,
  num_attention_heads: config.heads,
  max_position_embeddings: config.positions,
  hidden_act: config.activation,
  layer_norm_eps: config.normEps,
  ...(config.projection !== undefined && { projection_dim: config.projection }),
})

/** `scheduler/scheduler_config.json` as diffusers' DDIMScheduler reads it. */
export const schedulerJson = (config: ScheduleConfig): Config => ({
  _class_name: 'DDIMScheduler',
  num_train_timesteps: config.trainTimesteps,
  beta_start: config.betaStart,
  beta_end: config.betaEnd,
  beta_schedule: config.betaSchedule,
  prediction_type: config.predictionType,
  timestep_spacing: config.spacing,
  steps_offset: config.stepsOffset,
  set_alpha_to_one: config.setAlphaToOne,
  rescale_betas_zero_snr: config.rescaleBetasZeroSnr,
  clip_sample: false,
})
