import type { TensorTable } from '../../../tensor/entry.ts'
import type { SafetensorsFile } from '../../../tensor/safetensors/header.ts'
import type { Architecture, BaseCheckpoint, RawConfig } from '../../checkpoint.ts'
import { sortOut } from '../../ignorable.ts'
import { namesUnder, takePart } from '../../key-map.ts'
import { usualPad } from '../../pad-token.ts'
import { filePrediction } from '../../prediction.ts'
import { variantOf } from '../../variant.ts'
import { fromHeader } from '../layout.ts'
import type { LdmText } from './text.ts'
import { ldmUnetStructure, unetPairs, unetPrefix } from './unet.ts'
import { asLinearAttention, ldmVaeStructure, vaePairs, vaePrefix } from './vae.ts'

/** What tells one single-file family from another once it is recognised. */
export interface LdmFamily {
  readonly architecture: Architecture
  readonly texts: readonly LdmText[]
  /** What the family's VAE is known to be beyond its shapes. */
  readonly vaeConfig?: RawConfig
}

/** Axes of the first proj_in weight of the UNet: 4 for a convolution, 2 for a linear layer; undefined without any. */
export const projInAxes = (entries: TensorTable): number | undefined => {
  for (const [key, { shape }] of entries) {
    if (key.startsWith(unetPrefix) && key.endsWith('.proj_in.weight')) return shape.length
  }
  return undefined
}

/** Describes a single file with original keys. */
export const describeLdm = (header: SafetensorsFile, family: LdmFamily): BaseCheckpoint => {
  const { entries, metadata } = header
  const names = (prefix: string) => namesUnder(entries.keys(), prefix)
  const rest = new Map(entries)
  const unet = takePart('unet', rest, unetPairs(ldmUnetStructure(names(unetPrefix))), unetPrefix)
  const vaeMap = vaePairs(ldmVaeStructure(names(vaePrefix)))
  const vae = asLinearAttention(takePart('vae', rest, vaeMap, vaePrefix, family.vaeConfig))
  const textEncoders = family.texts.map(({ prefix, pairs, config }, i) => {
    const name = i === 0 ? 'text_encoder' : `text_encoder_${i + 1}`
    return {
      ...takePart(name, rest, pairs(names(prefix)), prefix, config),
      padToken: usualPad(family.architecture, i),
    }
  })
  const unused = family.texts.flatMap(({ prefix, unused }) => unused?.(names(prefix)).map(name => prefix + name) ?? [])
  const variant = variantOf(unet, entries)
  return {
    kind: 'base',
    layout: 'ldm',
    ...fromHeader(header),
    architecture: family.architecture,
    ...(variant && { variant }),
    unet,
    vae,
    textEncoders,
    prediction: filePrediction(family.architecture, entries, metadata),
    ...(entries.has('ztsnr') && { zeroSnr: true }),
    ...(family.architecture === 'sdxl' && { zeroNegative: true }),
    ...sortOut(rest, unused),
  }
}
