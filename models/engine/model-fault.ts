import type { BaseCheckpoint } from '../checkpoint/checkpoint.ts'
import { findNaN } from '../checkpoint/nan.ts'
import { UserError } from '../errors.ts'

/**
 * A base's own files are at fault: no request can be painted with it until they are replaced. Any other `UserError` of
 * the engine says nothing of the base: of the request, its guide, memory, or a disk that is away.
 */
export class ModelFault extends UserError {
  override readonly name = 'ModelFault'
}

/** Does what follows from a base's headers alone: what is refused there is the base's fault, but for what the system refuses. */
export async function judged<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isOfSystem = error instanceof Error && error.cause instanceof Error && 'code' in error.cause
    throw error instanceof UserError && !isOfSystem ? blamed(error) : error
  }
}

/**
 * The error of a pass: a `ModelFault` where a weight of the base is NaN or infinite. Reads the weights, to be sure; a
 * request that has failed may cost that.
 */
export async function diagnosed(error: unknown, { unet, vae, textEncoders }: BaseCheckpoint): Promise<unknown> {
  if (!(error instanceof UserError)) return error
  const parts = [unet, vae, ...textEncoders]
  // Weights that cannot be read now are not known to be damaged
  const damaged = await findNaN(parts.map(({ table }) => table)).catch(() => undefined)
  return damaged ? blamed(error) : error
}

const blamed = (error: UserError): ModelFault => new ModelFault(error.message, error.hint, { cause: error })
