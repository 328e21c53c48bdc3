import type { NetworkPart, Variant } from './checkpoint.ts'

/**
 * What a UNet wants at its input beyond the latent, by how many channels it takes for each that it gives; or what its
 * file marks it as.
 * @param marks the other keys of its file
 */
export const variantOf = (
  { table }: NetworkPart,
  marks: ReadonlyMap<string, unknown> = new Map(),
): Variant | undefined => {
  if (table.has('time_embedding.cond_proj.weight')) return 'consistency'
  if (marks.has('edm_mean') || marks.has('edm_vpred.sigma_max')) return 'edm'
  const inputs = table.get('conv_in.weight')?.shape[1]
  const latents = table.get('conv_out.weight')?.shape[0]
  if (inputs === undefined || latents === undefined) return undefined
  if (inputs === 2 * latents + 1) return 'inpainting' // a mask and the masked latent
  if (inputs === latents + 1) return 'depth' // a depth map
  if (inputs === 2 * latents) return 'edit' // the latent of the picture to edit
  return undefined
}
