import { randomInt } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { EngineRequest } from '../../models/engine/engine.ts'
import { UserError } from '../../models/errors.ts'
import { pathError } from '../../models/tensor/safetensors/open.ts'
import { type GenerateRequest, generateRequest, predictionTypeOf } from '../../preload/contract/generation.ts'
import type { Job } from '../../preload/contract/queue.ts'
import type { Beside } from '../library/beside.ts'
import type { ModelChoice } from '../library/choice.ts'
import type { Guided } from '../library/guides.ts'
import { shipped } from '../paths.ts'

/** Where a request's models are found. All throw UserError. */
export interface Choices {
  /** The base of an id or path. */
  resolveBase(wanted: string): Promise<ModelChoice>
  /** How a request is guided on a base. */
  guidedBy(request: Pick<GenerateRequest, 'method' | 'guide' | 'prediction'>, base: ModelChoice): Promise<Guided>
  /** What stands beside a base. */
  besides(request: Pick<GenerateRequest, 'vae' | 'prompt' | 'negative'>, base: ModelChoice): Promise<Beside>
}

/** All that a request is painted with. */
export interface Chosen extends Guided, Beside {
  readonly base: ModelChoice
}

/** Finds all that a request is painted with. Throws UserError where something is not there, or does not fit. */
export async function chosenFor(request: GenerateRequest, choices: Choices): Promise<Chosen> {
  const base = await choices.resolveBase(request.base ?? 'demo')
  return { base, ...(await choices.besides(request, base)), ...(await choices.guidedBy(request, base)) }
}

/**
 * A request as it is kept: its models are found, its seed drawn, its paths whole, so that it means the same tomorrow.
 * Throws UserError where a model or the picture to start from is none.
 */
export async function settled(asked: GenerateRequest, choices: Choices): Promise<Job['request']> {
  const { guide: _, ...request } = generateRequest.parse(asked)
  const { base, vae, method, guide } = await chosenFor(asked, choices)
  return {
    ...request,
    base: base.ref,
    ...(vae && { vae: vae.ref }),
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
  { seed = 0, count, init, strength, prediction, ...request }: Job['request'],
  done: number,
  { base, vae, embeddings, method, guide }: Chosen,
): EngineRequest {
  return {
    ...request,
    base: base.path,
    vae: vae?.path,
    embeddings: embeddings.map(({ name, path }) => ({ name, path })),
    method,
    guide: guide?.path,
    merges: shipped.merges,
    seed: seedOf({ seed }, done),
    count: count - done,
    prediction: predictionTypeOf(prediction),
    init: init === undefined ? undefined : { path: init, strength },
  }
}

/** The seed of picture i. */
export const seedOf = ({ seed = 0 }: Pick<Job['request'], 'seed'>, index: number): number => (seed + index) % 2 ** 32
