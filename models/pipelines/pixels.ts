import sharp from 'sharp'
import { UserError } from '../errors.ts'

/** Most pixels of a picture that is opened: 16,384 on each side. */
const pixelLimit = 16_384 ** 2

/**
 * A picture file as f32 [1, 3, height, width] in -1..1, cut to the wanted shape around its middle and resized.
 * UserError: the file cannot be read as a picture.
 */
export async function readPixels(path: string, width: number, height: number): Promise<Float32Array> {
  const bytes = await sharp(path, { limitInputPixels: pixelLimit })
    .autoOrient()
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .resize(width, height, { fit: 'cover', kernel: 'lanczos3' })
    .raw()
    .toBuffer()
    .catch((cause: unknown) => {
      throw new UserError(`${path} cannot be read as a picture.`, 'Choose a PNG, JPEG or WebP file.', { cause })
    })
  const area = width * height
  const pixels = new Float32Array(3 * area)
  for (let i = 0; i < pixels.length; i++)
    pixels[i] = (bytes[(i % area) * 3 + Math.floor(i / area)] as number) / 127.5 - 1
  return pixels
}
