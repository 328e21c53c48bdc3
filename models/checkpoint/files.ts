import { UserError } from '../errors.ts'
import { readAt, withFile } from '../tensor/safetensors/open.ts'
import { sizeText } from '../tensor/safetensors/size-text.ts'
import type { RawConfig } from './checkpoint.ts'

/** Configurations take a few kilobytes, the index of a sharded model some hundred. */
const mostBytes = 16_000_000

/**
 * Reads a JSON file that holds one object.
 * @param shown how messages name the file
 * @throws UserError where it is missing, too large, no JSON, or no object
 */
export const readJson = (path: string, shown: string): Promise<RawConfig> =>
  withFile(path, async ({ handle, size }) => {
    if (size > mostBytes) throw new UserError(`${shown} has ${sizeText(size)}; no genuine one is that large.`)
    const bytes = new Uint8Array(size)
    const got = await readAt(handle, bytes, 0)
    const value = parse(new TextDecoder().decode(bytes.subarray(0, got)), shown)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as RawConfig
    throw new UserError(`${shown} is not a table of settings.`)
  })

const parse = (text: string, shown: string): unknown => {
  try {
    return JSON.parse(withoutPythonNumbers(text))
  } catch (cause) {
    throw new UserError(`${shown} is not valid JSON.`, '', { cause })
  }
}

/** Python writes `-Infinity` and `NaN`, which JSON does not have (diffusers: `lambda_min_clipped`); they count as not set. */
const withoutPythonNumbers = (text: string): string =>
  text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, found => (found.startsWith('"') ? found : 'null'))
