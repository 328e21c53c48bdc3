import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import { vaeFactor } from '../../networks/vae/config.ts'
import type { Pipeline } from '../../pipelines/assemble.ts'
import { f32 } from '../../tensor/tensor.ts'
import type { Pack } from '../data/pack.ts'
import type { Setting } from '../objectives/objective.ts'
import { openStore, type Store } from './store.ts'

export interface Latents {
  readonly store: Store<'latent'>
  /** Of one: [channels, h, w]. */
  readonly shape: readonly [number, number, number]
}

/** Numbers that the VAE works on at once are kept at about this: its feature maps are large. */
const pixelsTogether = 16 * 128 * 128

/**
 * The pictures of a dataset as the UNet sees them, encoded once: the mean of the VAE's distribution, scaled.
 * @param chosen places of the pictures in the dataset
 * @throws UserError where the VAE cannot take pictures of that size
 */
export async function encodeLatents(
  { base, vae, sessions }: Pick<Pipeline, 'base' | 'vae' | 'sessions'>,
  pack: Pack,
  chosen: readonly number[],
  { folder, signal, tell, closing }: Setting,
): Promise<Latents> {
  const { width, height } = pack
  const factor = vaeFactor(vae)
  if (width % factor !== 0 || height % factor !== 0)
    throw new UserError(
      `The pictures are ${width} x ${height}; this base takes sides that divide by ${factor}.`,
      'Pack them in another size.',
    )
  const shape = [vae.latentChannels, height / factor, width / factor] as const
  const size = shape[0] * shape[1] * shape[2]
  const store = await openStore(
    join(folder.cache, 'latents'),
    {
      key: JSON.stringify([base.path, pack.folder, pack.count, width, height, chosen.length]),
      count: chosen.length,
      fields: { latent: size },
    },
    closing,
  )
  const together = Math.max(1, Math.floor(pixelsTogether / (width * height)))
  for (let first = store.written(); first < chosen.length; first = store.written()) {
    signal?.throwIfAborted()
    const indices = chosen.slice(first, first + together)
    const picture = f32(await pack.pictures(indices), [indices.length, 3, height, width])
    const results = await (await sessions.encoder()).run({ picture })
    const { shiftFactor, scalingFactor } = vae
    const mean = results.mean?.data as Float32Array
    const latent = mean.map(value => (value - shiftFactor) * scalingFactor)
    if (!latent.every(Number.isFinite))
      throw new UserError('The VAE computes numbers that are not finite.', 'Choose another base.')
    await store.append({ latent })
    tell('encoding the pictures', store.written(), chosen.length)
  }
  return { store, shape }
}
