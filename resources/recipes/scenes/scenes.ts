import { UserError } from '../../../models/errors.ts'
import { Generator } from '../../../models/tensor/random.ts'
import type { Art } from './art.ts'
import { backgrounds } from './backgrounds.ts'
import { writeCaption } from './caption.ts'
import { compose, sidesFor } from './compose.ts'
import { planScene, type Scene } from './plan.ts'
import { makePools, type Split } from './pools.ts'
import { drawSprites } from './sprites.ts'
import { treatments } from './treatments/index.ts'

export interface SceneOptions {
  /** Side of the pictures in pixels, a multiple of 8 from 32 to 512. */
  readonly size: number
  readonly seed: number
  readonly split: Split
  /** One of `treatments`; without it the styles are those of the art. */
  readonly style?: string
}

export interface CaptionedScene extends Scene {
  readonly caption: string
}

export interface PaintedScene {
  readonly scene: CaptionedScene
  /** [3, size, size] of uint8, sRGB. */
  readonly picture: Uint8Array
}

/**
 * Draws the art once and returns what paints scene after scene. The same art, options and index give the same scene,
 * whichever others are painted; a treated scene is the untreated one of the same seed.
 */
export async function openScenes(
  art: readonly Art[],
  { size, seed, split, style }: SceneOptions,
): Promise<(index: number) => PaintedScene> {
  const treat = style === undefined ? undefined : treatments[style]
  if (style !== undefined && treat === undefined)
    throw new UserError(
      `There is no style ${JSON.stringify(style)}.`,
      `There are ${Object.keys(treatments).join(', ')}.`,
    )
  if (size % 8 !== 0 || size < 32 || size > 512)
    throw new UserError('The size has to be a multiple of 8 from 32 to 512.')
  const sides = sidesFor(size)
  const sprites = await drawSprites(art, backgrounds, size, sides)
  const pools = makePools(art, Object.keys(backgrounds), split, sprites, Math.max(...sides))
  return index => {
    // One generator each, so that a scene knows nothing of those before it; seeds lie far apart
    const random = new Generator(Math.imul(seed, 0x9e3779b1) + index)
    const drawn = planScene(pools, random)
    const picture = compose(drawn, sprites, size, random)
    const scene = { ...drawn, style: style ?? drawn.style }
    const caption = writeCaption(scene, random)
    return { scene: { caption, ...scene }, picture: treat?.(picture, size, random) ?? picture }
  }
}
