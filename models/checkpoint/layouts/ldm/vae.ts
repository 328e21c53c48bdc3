import type { NetworkPart } from '../../checkpoint.ts'
import { type KeyPair, ownNames, parameters, under } from '../../key-map.ts'
import { countOf, type VaeStructure, vaeStructure } from '../../structure.ts'

/** Before every VAE key of a single file; a VAE alone often lacks it. */
export const vaePrefix = 'first_stage_model.'

const ends: readonly KeyPair[] = [
  ['encoder.conv_in', 'encoder.conv_in'],
  ['encoder.norm_out', 'encoder.conv_norm_out'],
  ['encoder.conv_out', 'encoder.conv_out'],
  ['decoder.conv_in', 'decoder.conv_in'],
  ['decoder.norm_out', 'decoder.conv_norm_out'],
  ['decoder.conv_out', 'decoder.conv_out'],
  ['quant_conv', 'quant_conv'],
  ['post_quant_conv', 'post_quant_conv'],
]

const resnet: readonly KeyPair[] = [
  ['norm1', 'norm1'],
  ['conv1', 'conv1'],
  ['norm2', 'norm2'],
  ['conv2', 'conv2'],
  ['nin_shortcut', 'conv_shortcut'],
]

const attention: readonly KeyPair[] = [
  ['norm', 'group_norm'],
  ['q', 'to_q'],
  ['k', 'to_k'],
  ['v', 'to_v'],
  ['proj_out', 'to_out.0'],
]

/** What diffusers called the attention of a VAE until version 0.14. */
const oldAttention: readonly KeyPair[] = [
  ['query', 'to_q'],
  ['key', 'to_k'],
  ['value', 'to_v'],
  ['proj_attn', 'to_out.0'],
]

const middle: readonly KeyPair[] = [
  ...under('mid.block_1', 'mid_block.resnets.0', resnet),
  ...under('mid.attn_1', 'mid_block.attentions.0', attention),
  ...under('mid.block_2', 'mid_block.resnets.1', resnet),
]

/**
 * Every parameter a VAE of this structure may have: original key without prefix, diffusers name.
 * The original numbers the decoder's levels by resolution, diffusers in the order in which they run: the reverse.
 */
export const vaePairs = ({ levels, layersPerBlock }: VaeStructure): KeyPair[] => {
  const modules: KeyPair[] = [...ends, ...under('encoder', 'encoder', middle), ...under('decoder', 'decoder', middle)]
  for (let level = 0; level < levels; level++) {
    const down = `encoder.down_blocks.${level}`
    const up = `decoder.up_blocks.${levels - 1 - level}`
    for (let i = 0; i < layersPerBlock; i++) {
      modules.push(...under(`encoder.down.${level}.block.${i}`, `${down}.resnets.${i}`, resnet))
    }
    for (let i = 0; i <= layersPerBlock; i++) {
      modules.push(...under(`decoder.up.${level}.block.${i}`, `${up}.resnets.${i}`, resnet))
    }
    if (level < levels - 1) modules.push([`encoder.down.${level}.downsample.conv`, `${down}.downsamplers.0.conv`])
    if (level > 0) modules.push([`decoder.up.${level}.upsample.conv`, `${up}.upsamplers.0.conv`])
  }
  return parameters(modules)
}

/** Structure of a VAE from its original names (without prefix). */
export const ldmVaeStructure = (names: readonly string[]): VaeStructure => ({
  levels: countOf(names, /^(?:encoder\.down|decoder\.up)\.(\d+)\./),
  layersPerBlock:
    countOf(names, /^encoder\.down\.\d+\.block\.(\d+)\./) ||
    Math.max(0, countOf(names, /^decoder\.up\.\d+\.block\.(\d+)\./) - 1),
})

/** Every parameter a VAE may have whose file has diffusers' names, of today or before. */
export const diffusersVaePairs = (names: readonly string[]): KeyPair[] =>
  withOldAttention(names, ownNames(vaePairs(vaeStructure(names))))

const withOldAttention = (names: readonly string[], pairs: readonly KeyPair[]): KeyPair[] => {
  if (!names.some(name => /\.mid_block\.attentions\.0\.(?:query|proj_attn)\./.test(name))) return [...pairs]
  const old = ['encoder.mid_block.attentions.0', 'decoder.mid_block.attentions.0'].flatMap(block =>
    parameters(under(block, block, oldAttention)),
  )
  const replaced = new Set(old.map(([, name]) => name))
  return [...pairs.filter(([, name]) => !replaced.has(name)), ...old]
}

/** Attention projections that are stored as 1x1 convolutions are read as the linear layers they are: the same bytes. */
export const asLinearAttention = (vae: NetworkPart): NetworkPart => {
  const table = new Map(vae.table)
  for (const [name, entry] of table) {
    const [out, inner, ...rest] = entry.shape
    if (!/\.attentions\.0\.to_(?:q|k|v|out\.0)\.weight$/.test(name) || out === undefined || inner === undefined)
      continue
    if (rest.length === 2 && rest.every(side => side === 1)) table.set(name, { ...entry, shape: [out, inner] })
  }
  return { ...vae, table }
}
