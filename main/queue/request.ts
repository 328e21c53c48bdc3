import { randomInt } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { EngineRequest } from '../../models/engine/engine.ts'
import { UserError } from '../../models/errors.ts'
import type { Target } from '../../models/runtime/target.ts'
import { pathError } from '../../models/tensor/safetensors/open.ts'
import { type GenerateRequest, generateRequest, predictionTypeOf } from '../../preload/contract/generation.ts'
import type { Job } from '../../preload/contract/queue.ts'
import type { ModelChoice } from '../library/choice.ts'
import type { Guided } from '../library/guides.ts'
import { shipped } from '../paths.ts'

/** Where a request's models and its device are found. All throw UserError. */
export interface Choices {
  /** The base of an id or path. */
  resolveBase(wanted: string): Promise<ModelChoice>
  /** How a request is guided on a base. */
  guidedBy(request: Pick<GenerateRequest, 'method' | 'guide' | 'prediction'>, base: ModelChoice): Promise<Guided>
  /** The device that is asked for, or the fastest. */
  target(request: Pick<GenerateRequest, 'device' | 'precision'>): Promise<Target>
}

/**
 * A request as it is kept: its base and guide are found, its seed drawn, its paths whole, so that it means the same tomorrow.
 * Throws UserError where the base, the guide or the picture to start from is none.
 */
export async function settled(asked: GenerateRequest, choices: Choices): Promise<Job['request']> {
  const { guide: _, ...request } = generateRequest.parse(asked)
  const base = await choices.resolveBase(request.base ?? 'demo')
  const { method, guide } = await choices.guidedBy(asked, base)
  // A device that cannot be used is refused now rather than when the request's turn comes.
  await choices.target(request)
  return {
    ...request,
    base: base.ref,
    method,
    ...(guide && { guide: guide.ref }),
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
  { seed = 0, count, init, strength, prediction, device: _, precision: __, ...request }: Job['request'],
  done: number,
  { base, method, guide, target }: { base: string; target: Target } & Guided,
): EngineRequest {
  return {
    ...request,
    base,
    method,
    guide: guide?.path,
    target,
    merges: shipped.merges,
    seed: seedOf({ seed }, done),
    count: count - done,
    prediction: predictionTypeOf(prediction),
    init: init === undefined ? undefined : { path: init, strength },
  }
}

/** The seed of picture i. */
export const seedOf = ({ seed = 0 }: Pick<Job['request'], 'seed'>, index: number): number => (seed + index) % 2 ** 32
