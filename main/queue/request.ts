import { randomInt } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { EngineRequest } from '../../models/engine/engine.ts'
import { UserError } from '../../models/errors.ts'
import { pathError } from '../../models/tensor/safetensors/open.ts'
import { type GenerateRequest, generateRequest } from '../../preload/contract/generation.ts'
import type { Job } from '../../preload/contract/queue.ts'
import type { BaseChoice } from '../library/resolve.ts'
import { shipped } from '../paths.ts'

/** Finds the base of an id or path, or throws UserError. */
export type ResolveBase = (wanted: string) => Promise<BaseChoice>

/**
 * A request as it is kept: its base is found, its seed drawn, its paths whole, so that it means the same tomorrow.
 * Throws UserError where the base or the picture to start from is none.
 */
export async function settled(asked: GenerateRequest, resolveBase: ResolveBase): Promise<Job['request']> {
  const request = generateRequest.parse(asked)
  const { ref } = await resolveBase(request.base ?? 'demo')
  return {
    ...request,
    base: ref,
    seed: request.seed ?? randomInt(2 ** 32),
    ...(request.init !== undefined && { init: await existing(resolve(request.init)) }),
  }
}

async function existing(path: string): Promise<string> {
  const info = await stat(path).catch((error: unknown) => {
    throw pathError(path, error)
  })
  if (!info.isFile()) throw new UserError(`${path} is not a picture.`, 'Choose a PNG, JPEG or WebP file.')
  return path
}

/** What is still missing of a request, after `done` pictures, for the engine. */
export function engineRequest(
  { seed = 0, count, init, strength, prediction, ...request }: Job['request'],
  done: number,
  base: string,
): EngineRequest {
  return {
    ...request,
    base,
    merges: shipped.merges,
    seed: seedOf({ seed }, done),
    count: count - done,
    prediction: prediction === 'v' ? 'v_prediction' : prediction,
    init: init === undefined ? undefined : { path: init, strength },
  }
}

/** The seed of picture i. */
export const seedOf = ({ seed = 0 }: Pick<Job['request'], 'seed'>, index: number): number => (seed + index) % 2 ** 32
