import { randomInt } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { EngineRequest } from '../../models/engine/engine.ts'
import { UserError } from '../../models/errors.ts'
import type { Target } from '../../models/runtime/target.ts'
import { pathError } from '../../models/tensor/safetensors/open.ts'
import {
  type GenerateRequest,
  generateRequest,
  predictionTypeOf,
  strengthOf,
} from '../../preload/contract/generation.ts'
import type { PaintJob } from '../../preload/contract/queue.ts'
import type { AskedBeside, Beside } from '../library/beside.ts'
import type { ModelChoice } from '../library/choice.ts'
import type { Guided } from '../library/guides.ts'
import { engineLoras } from '../library/loras.ts'
import { shipped } from '../paths.ts'

/** Where a request's models and its device are found. All throw UserError. */
export interface Choices {
  /** The base of an id or path. */
  resolveBase(wanted: string): Promise<ModelChoice>
  /** How a request is guided on a base. */
  guidedBy(request: Pick<GenerateRequest, 'method' | 'guide' | 'prediction'>, base: ModelChoice): Promise<Guided>
  /** What stands beside a base. */
  besides(request: AskedBeside, base: ModelChoice): Promise<Beside>
  /** The device that is asked for, or the fastest. */
  target(request: Pick<GenerateRequest, 'device' | 'precision'>): Promise<Target>
}

/** All that a request is painted with. */
export interface Chosen extends Guided, Beside {
  readonly base: ModelChoice
  readonly target: Target
}

/** Finds all that a request is painted with. Throws UserError where something is not there, or does not fit. */
export async function chosenFor(request: GenerateRequest, choices: Choices): Promise<Chosen> {
  const base = await choices.resolveBase(request.base ?? 'demo')
  const target = await choices.target(request)
  return { base, target, ...(await choices.besides(request, base)), ...(await choices.guidedBy(request, base)) }
}

/**
 * A request as it is kept: its models are found, its seed drawn, its paths whole, so that it means the same tomorrow.
 * Throws UserError where a model or the picture to start from is none.
 */
export async function settled(asked: GenerateRequest, choices: Choices): Promise<PaintJob['request']> {
  const { guide: _, ...request } = generateRequest.parse(asked)
  const { base, vae, loras, method, guide } = await chosenFor(asked, choices)
  initOf(request)
  const listed = loras.filter(({ inPrompt }) => !inPrompt)
  return {
    ...request,
    base: base.ref,
    ...(vae && { vae: vae.ref }),
    method,
    ...(guide && { guide: guide.ref }),
    ...(request.loras && { loras: listed.map(({ choice, strength }) => ({ lora: choice.ref, strength })) }),
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
  { seed = 0, count, init, mask, strength, prediction, device: _, precision: __, ...request }: PaintJob['request'],
  done: number,
  { base, target, vae, embeddings, loras, method, guide }: Chosen,
): EngineRequest {
  return {
    ...request,
    base: base.path,
    overrides: base.overrides,
    vae: vae?.path,
    embeddings: embeddings.map(({ name, path }) => ({ name, path })),
    loras: engineLoras(loras),
    method,
    guide: guide?.path,
    target,
    merges: shipped.merges,
    seed: seedOf({ seed }, done),
    count: count - done,
    prediction: predictionTypeOf(prediction),
    init: initOf({ init, mask, strength }),
  }
}

/** The seed of picture i. */
export const seedOf = ({ seed = 0 }: Pick<PaintJob['request'], 'seed'>, index: number): number =>
  (seed + index) % 2 ** 32
