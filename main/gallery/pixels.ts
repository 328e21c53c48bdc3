import sharp from 'sharp'
import { UserError } from '../../models/errors.ts'

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
  return Float32Array.from({ length: 3 * area }, (_, i) => {
    const byte = bytes[(i % area) * 3 + Math.floor(i / area)] as number
    return byte / 127.5 - 1
  })
}
