import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readHeader } from '../tensor/safetensors/header.ts'

/** The hashes by which people look models up. */
export interface ModelHashes {
  /** SHA-256 of the file, 64 hexadecimal digits. */
  readonly sha256: string
  /** The first 10 digits of that: what A1111 and Civitai show as "Model hash". */
  readonly autoV2: string
  /** The first 12 digits of the SHA-256 of everything after the header: the same whatever the metadata. */
  readonly autoV3: string
}

/**
 * Computes the hashes of a safetensors file in one pass over it, piece by piece.
 * @throws UserError where the file is no safetensors file; the signal's reason (an AbortError) when cancelled
 */
export const hashModel = async (path: string, signal?: AbortSignal): Promise<ModelHashes> => {
  signal?.throwIfAborted()
  const { file, dataStart } = await readHeader(path)
  const whole = createHash('sha256')
  const data = createHash('sha256')
  let position = 0
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    signal?.throwIfAborted()
    whole.update(chunk)
    data.update(chunk.subarray(Math.max(0, dataStart - position)))
    position += chunk.length
  }
  const sha256 = whole.digest('hex')
  return { sha256, autoV2: sha256.slice(0, 10), autoV3: data.digest('hex').slice(0, 12) }
}
