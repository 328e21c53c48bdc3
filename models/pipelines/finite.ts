import type { NetworkPart } from '../checkpoint/checkpoint.ts'
import { findNaN } from '../checkpoint/nan.ts'
import { UserError } from '../errors.ts'

/**
 * Throws a `UserError` where a network's result is not finite. Only then are its weights read, to name the one
 * that is damaged: a scan of every file before painting would cost more than it saves.
 */
export async function requireFinite(data: Float32Array, network: string, parts: readonly NetworkPart[]): Promise<void> {
  if (data.every(Number.isFinite)) return
  for (const { name, table } of parts) {
    const damaged = await findNaN([table])
    const what = name === 'guide' || name === 'LoRA' ? name : 'model'
    if (damaged) throw new UserError(`${damaged.key} contains NaN; the ${what} is damaged.`, 'Download the file again.')
  }
  throw new UserError(
    `${network} computed numbers that are not finite.`,
    'Try another prediction type, a lower guidance scale or another sampler.',
  )
}
