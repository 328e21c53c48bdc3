import { randomInt } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { EngineRequest } from '../../models/engine/engine.ts'
import { UserError } from '../../models/errors.ts'
import { pathError } from '../../models/tensor/safetensors/open.ts'
import {
  type GenerateRequest,
  generateRequest,
  predictionTypeOf,
  strengthOf,
} from '../../preload/contract/generation.ts'
import type { Job } from '../../preload/contract/queue.ts'
import type { ModelChoice } from '../library/choice.ts'
import type { Guided } from '../library/guides.ts'
import { shipped } from '../paths.ts'

/** Where a request's models are found. Both throw UserError. */
export interface Choices {
  /** The base of an id or path. */
  resolveBase(wanted: string): Promise<ModelChoice>
  /** How a request is guided on a base. */
  guidedBy(request: Pick<GenerateRequest, 'method' | 'guide' | 'prediction'>, base: ModelChoice): Promise<Guided>
}

/**
 * A request as it is kept: its base and guide are found, its seed drawn, its paths whole, so that it means the same tomorrow.
 * Throws UserError where the base, the guide or the picture to start from is none.
 */
export async function settled(asked: GenerateRequest, choices: Choices): Promise<Job['request']> {
  const { guide: _, ...request } = generateRequest.parse(asked)
  const base = await choices.resolveBase(request.base ?? 'demo')
  const { method, guide } = await choices.guidedBy(asked, base)
  initOf(request)
  return {
    ...request,
    base: base.ref,
    method,
    ...(guide && { guide: guide.ref }),
    seed: request.seed ?? randomInt(2 ** 32),
    ...(request.init !== undefined && { init: await existing(resolve(request.init)) }),
    ...(request.mask !== undefined && { mask: await existing(resolve(request.mask)) }),
  }
}

/** The picture that a request begins with. Throws UserError where there is a mask and no picture under it. */
export function initOf({
  init,
  mask,
  strength,
}: Pick<GenerateRequest, 'init' | 'mask' | 'strength'>): EngineRequest['init'] {
  if (init !== undefined) return { path: init, mask, strength: strengthOf({ strength, mask }) }
  if (mask === undefined) return undefined
  throw new UserError('A mask needs a picture that it lies over.', 'Choose the picture to start from too.')
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
  { seed = 0, count, init, mask, strength, prediction, ...request }: Job['request'],
  done: number,
  { base, method, guide }: { base: string } & Guided,
): EngineRequest {
  return {
    ...request,
    base,
    method,
    guide: guide?.path,
    merges: shipped.merges,
    seed: seedOf({ seed }, done),
    count: count - done,
    prediction: predictionTypeOf(prediction),
    init: initOf({ init, mask, strength }),
  }
}

/** The seed of picture i. */
export const seedOf = ({ seed = 0 }: Pick<Job['request'], 'seed'>, index: number): number => (seed + index) % 2 ** 32
