import type { BaseCheckpoint } from '../../checkpoint.ts'
import { unetStructure } from '../../structure.ts'
import { unetPairs } from '../ldm/unet.ts'

/** How the dialects begin the name of a module: with the dots of its path, or with underscores in place of all dots. */
interface Beginnings {
  readonly dotted: readonly string[]
  readonly flat: readonly string[]
}

/** A trainer may wrap the whole model, or each network. */
const peft = (network: string): string[] => [
  `${network}.`,
  `base_model.model.${network}.`,
  `${network}.base_model.model.`,
]

const unet: Beginnings = {
  dotted: ['', 'base_model.model.', 'diffusion_model.', ...peft('unet')],
  flat: ['lora_unet_', 'lycoris_unet_', 'lycoris_'],
}

/** Where there is one text encoder, kohya does not number it. */
const textEncoder = (index: number, count: number): Beginnings => ({
  dotted: peft(index === 0 ? 'text_encoder' : `text_encoder_${index + 1}`),
  flat: [`lora_te${index + 1}_`, ...(count === 1 ? ['lora_te_'] : [])],
})

/** What diffusers called projections while its LoRAs were attention processors. */
const processors: readonly (readonly [projection: RegExp, processor: string])[] = [
  [/\.(to_[qkv])$/, '.processor.$1_lora'],
  [/\.to_out\.0$/, '.processor.to_out_lora'],
  [/\.([qkv])_proj$/, '.to_$1_lora'],
  [/\.out_proj$/, '.to_out_lora'],
]

/**
 * Gives every name by which a LoRA may call a layer of a base: of `network` (`unet`, `text_encoder`...) under its
 * diffusers path. Names with underscores can be read in several ways, so they are made of the layers that there are.
 */
export function loraNames({ unet: { table }, textEncoders }: BaseCheckpoint) {
  const original = new Map(unetPairs(unetStructure([...table.keys()])).map(([file, name]) => [name, file]))
  const beginnings = new Map([
    ['unet', unet],
    ...textEncoders.map(({ name }, i) => [name, textEncoder(i, textEncoders.length)] as const),
  ])
  return (network: string, path: string): string[] => {
    const { dotted = [], flat = [] } = beginnings.get(network) ?? {}
    const own = network === 'unet' ? original.get(`${path}.weight`)?.replace(/\.weight$/, '') : undefined
    const paths = own === undefined || own === path ? [path] : [path, own]
    const processor = processors.find(([projection]) => projection.test(path))
    const dots = processor ? [...paths, path.replace(...processor)] : paths
    return [
      ...dotted.flatMap(beginning => dots.map(each => beginning + each)),
      ...flat.flatMap(beginning => paths.map(each => beginning + each.replaceAll('.', '_'))),
    ]
  }
}
