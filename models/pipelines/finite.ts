import type { NetworkPart } from '../checkpoint/checkpoint.ts'
import { findNaN } from '../checkpoint/nan.ts'
import { ModelFault, UserError } from '../errors.ts'

/**
 * Throws a `UserError` where a network's result is not finite; a `ModelFault` where a weight of the base is the cause.
 * Only then are the weights read, to name the one that is damaged: a scan of every file before painting would cost more
 * than it saves.
 */
export async function requireFinite(data: Float32Array, network: string, parts: readonly NetworkPart[]): Promise<void> {
  if (data.every(Number.isFinite)) return
  for (const { noun, table } of parts) {
    // Weights that cannot be read now are not known to be damaged
    const damaged = await findNaN([table]).catch(() => undefined)
    if (!damaged) continue
    const Fault = noun === 'model' ? ModelFault : UserError
    throw new Fault(`${damaged.key} contains NaN; the ${noun} is damaged.`, 'Download the file again.')
  }
  throw new UserError(
    `${network} computed numbers that are not finite.`,
    'Try another prediction type, a lower guidance scale or another sampler.',
  )
}
