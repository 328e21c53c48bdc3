import sharp, { type Sharp } from 'sharp'
import { UserError } from '../errors.ts'

/** Most pixels of a picture that is opened: 16,384 on each side. */
const pixelLimit = 16_384 ** 2

const known = ['png', 'jpeg', 'webp']

/**
 * A picture file as f32 [1, 3, height, width] in -1..1, cut to the wanted shape around its middle and resized.
 * UserError: the file cannot be read as a picture.
 */
export async function readPixels(path: string, width: number, height: number): Promise<Float32Array> {
  const bytes = await read(path, width, height, picture =>
    picture.flatten({ background: 'white' }).toColourspace('srgb'),
  )
  const area = width * height
  const pixels = new Float32Array(3 * area)
  for (let i = 0; i < pixels.length; i++)
    pixels[i] = (bytes[(i % area) * 3 + Math.floor(i / area)] as number) / 127.5 - 1
  return pixels
}

/**
 * A picture file as the mask over a picture of that size, cut and resized as that is: f32 [height * width], 0 (black, and
 * what is clear) to 1 (white). UserError: the file cannot be read as a picture.
 */
export async function readMask(path: string, width: number, height: number): Promise<Float32Array> {
  const bytes = await read(path, width, height, picture =>
    picture.flatten({ background: 'black' }).greyscale().toColourspace('b-w'),
  )
  return Float32Array.from(bytes, grey => grey / 255)
}

async function read(path: string, width: number, height: number, convert: (picture: Sharp) => Sharp): Promise<Buffer> {
  const picture = sharp(path, { limitInputPixels: pixelLimit })
  try {
    const { format } = await picture.metadata()
    if (!known.includes(format))
      throw new UserError(`${path} is a ${format.toUpperCase()} file.`, 'Choose a PNG, JPEG or WebP file.')
    return await convert(picture.autoOrient())
      .resize(width, height, { fit: 'cover', kernel: 'lanczos3' })
      .raw()
      .toBuffer()
  } catch (cause) {
    if (cause instanceof UserError) throw cause
    throw new UserError(`${path} cannot be read as a picture.`, 'Choose a PNG, JPEG or WebP file.', { cause })
  }
}
