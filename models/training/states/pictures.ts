import { UserError } from '../../errors.ts'
import type { Pipeline } from '../../pipelines/assemble.ts'
import { elements, type Shape, shapeText } from '../../tensor/tensor.ts'
import { openData } from '../data/open.ts'
import { Order } from '../data/order.ts'
import type { Setting } from '../objectives/objective.ts'
import { below, generatorAt, stream } from '../random.ts'
import type { DrawPicture } from './guide-states.ts'
import { encodeLatents } from './latents.ts'

/** Pictures that are noised for a guide: it needs some, not all. */
const most = 8192

/** Some pictures of a dataset, for a guide's states. */
export interface GuidePictures {
  readonly captions: readonly string[]
  draw(placeOf: (caption: string) => number): DrawPicture
}

/** Encodes some pictures of a dataset. Throws `UserError` where they are not of the size of the guide's latents. */
export async function openPictures(
  path: string,
  pipeline: Pipeline,
  { seed, latent }: { seed: number; latent: Shape },
  setting: Setting,
): Promise<GuidePictures> {
  const pack = await openData(path, undefined, setting)
  const chosen = new Order(seed, pack.count).at(0, Math.min(pack.count, most))
  const { store, shape } = await encodeLatents(pipeline, pack, chosen, setting)
  if (elements(shape) !== elements(latent))
    throw new UserError(
      `The dataset's pictures make latents of ${shapeText(shape)}, and the guide is trained at ${shapeText(latent)}.`,
      'Pack the pictures in the size of the base, or set cells in the recipe.',
    )
  const captions = chosen.map(index => pack.captions[index] as string)
  return {
    captions,
    draw:
      placeOf =>
      async (...place) => {
        const index = below(generatorAt(seed, stream.order, -1, ...place), chosen.length)
        return { latent: await store.read('latent', [index]), text: placeOf(captions[index] as string) }
      },
  }
}
