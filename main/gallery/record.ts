import { stat } from 'node:fs/promises'
import sharp from 'sharp'
import { UserError } from '../../models/errors.ts'
import type { NewPicture } from '../database/queries/rows.ts'
import { parametersKeyword, parseParameters } from './parameters.ts'
import { readPngText } from './png.ts'
import { type PictureSettings, parseSettings, settingsKeyword } from './settings.ts'

/** What a picture cost, where it was painted here. */
interface Cost {
  readonly passes: number
  readonly seconds: number
}

/** What the gallery notes of settings; another program's may be in part. */
export function settingsRow(
  settings: Partial<PictureSettings>,
  cost?: Cost,
): Omit<NewPicture, 'file' | 'size' | 'width' | 'height' | 'created'> {
  const { prompt = '', negative = '', base, method, sampler, guidance, steps, seed } = settings
  return {
    base: base?.name ?? null,
    method: method ?? null,
    sampler: sampler ?? null,
    guidance: guidance ?? null,
    steps: steps ?? null,
    seed: seed ?? null,
    generation: { prompt, negative, settings, ...cost },
  }
}

/** The settings that a PNG carries: our own, else A1111's; nothing where it has neither. */
async function readSettings(path: string): Promise<Partial<PictureSettings> | undefined> {
  const texts = await readPngText(path)
  const own = parseSettings(texts.get(settingsKeyword) ?? '')
  const parameters = texts.get(parametersKeyword)
  if (own || parameters === undefined) return own
  return completed(parseParameters(parameters).settings)
}

/** A1111 leaves out what it takes for granted. */
function completed(read: Partial<PictureSettings>): Partial<PictureSettings> {
  if (read.steps === undefined) return read
  return { method: 'cfg', schedule: 'auto', base: { name: 'unknown' }, version: 'unknown', ...read }
}

/**
 * What the gallery notes of a picture file, from the file alone. UserError: it cannot be read as a PNG.
 */
export async function recordOf(path: string): Promise<Omit<NewPicture, 'file'>> {
  const settings = await readSettings(path)
  const { width, height } = await sharp(path)
    .metadata()
    .catch((cause: unknown) => {
      throw new UserError(`${path} cannot be read as a picture.`, '', { cause })
    })
  return { ...(await onDisk(path)), width, height, ...(settings && settingsRow({ ...settings, width, height })) }
}

/** A file's bytes, and the moment that counts as the picture's own. */
export async function onDisk(path: string): Promise<{ size: number; created: number }> {
  const { size, mtimeMs } = await stat(path)
  return { size, created: Math.floor(mtimeMs) }
}
