import { UserError } from '../../../errors.ts'
import { depthAt, type LevelDepth } from '../../../networks/unet/config.ts'
import { type KeyPair, parameters, same, under } from '../../key-map.ts'
import { countOf, depthsOf, levelDepth, midDepth, type UNetStructure } from '../../structure.ts'

/** Before every UNet key of a single file. */
export const unetPrefix = 'model.diffusion_model.'

const ends: readonly KeyPair[] = [
  ['time_embed.0', 'time_embedding.linear_1'],
  ['time_embed.2', 'time_embedding.linear_2'],
  ['label_emb.0.0', 'add_embedding.linear_1'],
  ['label_emb.0.2', 'add_embedding.linear_2'],
  ['input_blocks.0.0', 'conv_in'],
  ['out.0', 'conv_norm_out'],
  ['out.2', 'conv_out'],
]

/** Where a latent consistency model (Luo et al. 2023) is told the guidance scale. */
const guidanceInput: KeyPair = ['time_embed.cond_proj.weight', 'time_embedding.cond_proj.weight']

const resnet: readonly KeyPair[] = [
  ['in_layers.0', 'norm1'],
  ['in_layers.2', 'conv1'],
  ['emb_layers.1', 'time_emb_proj'],
  ['out_layers.0', 'norm2'],
  ['out_layers.3', 'conv2'],
  ['skip_connection', 'conv_shortcut'],
]

const attentionEnds = same(['norm', 'proj_in', 'proj_out'])
const transformerBlock = same([
  'norm1',
  'norm2',
  'norm3',
  'attn1.to_out.0',
  'attn2.to_out.0',
  'ff.net.0.proj',
  'ff.net.2',
])
const projections = same(['attn1.to_q', 'attn1.to_k', 'attn1.to_v', 'attn2.to_q', 'attn2.to_k', 'attn2.to_v'])

const residual = (file: string, name: string): KeyPair[] => under(file, name, parameters(resnet))

const attention = (file: string, name: string, layers: number): KeyPair[] => [
  ...under(file, name, parameters(attentionEnds)),
  ...Array.from({ length: layers }, (_, i) => [
    ...under(`${file}.transformer_blocks.${i}`, `${name}.transformer_blocks.${i}`, parameters(transformerBlock)),
    ...under(`${file}.transformer_blocks.${i}`, `${name}.transformer_blocks.${i}`, parameters(projections, ['weight'])),
  ]).flat(),
]

/**
 * Every parameter a UNet of this structure may have: original key without prefix, diffusers name.
 * The original numbers its blocks in one row: input blocks are conv_in, then for each level its residual blocks and a
 * downsampler; output blocks are the levels from the deepest, whose last block also holds the upsampler.
 */
export const unetPairs = ({
  levels,
  layersPerBlock,
  transformerLayers,
  midTransformerLayers,
}: UNetStructure): KeyPair[] => {
  const pairs: KeyPair[] = [...parameters(ends), guidanceInput]
  for (let level = 0; level < levels; level++) {
    const depth = (way: 'down' | 'up', i: number) => depthAt(transformerLayers[level] as LevelDepth, way, i)
    const down = `down_blocks.${level}`
    for (let i = 0; i < layersPerBlock; i++) {
      const block = `input_blocks.${1 + level * (layersPerBlock + 1) + i}`
      pairs.push(...residual(`${block}.0`, `${down}.resnets.${i}`))
      const layers = depth('down', i)
      if (layers > 0) pairs.push(...attention(`${block}.1`, `${down}.attentions.${i}`, layers))
    }
    if (level < levels - 1) {
      const block = `input_blocks.${(level + 1) * (layersPerBlock + 1)}`
      pairs.push(...parameters([[`${block}.0.op`, `${down}.downsamplers.0.conv`]]))
    }
    const up = `up_blocks.${levels - 1 - level}`
    const first = (levels - 1 - level) * (layersPerBlock + 1)
    for (let i = 0; i <= layersPerBlock; i++) {
      pairs.push(...residual(`output_blocks.${first + i}.0`, `${up}.resnets.${i}`))
      const layers = depth('up', i)
      if (layers > 0) pairs.push(...attention(`output_blocks.${first + i}.1`, `${up}.attentions.${i}`, layers))
    }
    if (level > 0) {
      const block = `output_blocks.${first + layersPerBlock}.${depth('up', layersPerBlock) > 0 ? 2 : 1}`
      pairs.push(...parameters([[`${block}.conv`, `${up}.upsamplers.0.conv`]]))
    }
  }
  pairs.push(...residual('middle_block.0', 'mid_block.resnets.0'))
  pairs.push(...attention('middle_block.1', 'mid_block.attentions.0', midTransformerLayers ?? 0))
  pairs.push(...residual('middle_block.2', 'mid_block.resnets.1'))
  return pairs
}

/**
 * Structure of a UNet from its original names (without prefix).
 * @throws UserError where the blocks are not numbered as levels of equal length
 */
export const ldmUnetStructure = (names: readonly string[]): UNetStructure => {
  const downsamplers = [...new Set(names.flatMap(name => /^input_blocks\.(\d+)\.0\.op\./.exec(name)?.[1] ?? []))]
    .map(Number)
    .toSorted((a, b) => a - b)
  const inputs = countOf(names, /^input_blocks\.(\d+)\./)
  const levels = downsamplers.length + 1
  const layersPerBlock = (downsamplers[0] ?? inputs) - 1
  const places = [...downsamplers, inputs]
  if (layersPerBlock < 1 || places.some((place, level) => place !== (level + 1) * (layersPerBlock + 1))) {
    throw new UserError(
      `The UNet has ${inputs} input blocks and downsamples at ${downsamplers.join(', ') || 'none'}; ` +
        'levels of unequal length are not supported.',
    )
  }
  const depth = depthsOf(names)
  const transformerLayers = Array.from({ length: levels }, (_, level) => {
    const blocks = (side: string, first: number, count: number) =>
      Array.from({ length: count }, (_, i) => depth(`${side}.${first + i}.1`))
    return levelDepth(
      blocks('input_blocks', 1 + level * (layersPerBlock + 1), layersPerBlock),
      blocks('output_blocks', (levels - 1 - level) * (layersPerBlock + 1), layersPerBlock + 1),
    )
  })
  const midTransformerLayers = midDepth(names, 'middle_block.', 'middle_block.0.', depth('middle_block.1'))
  return { levels, layersPerBlock, transformerLayers, midTransformerLayers }
}
