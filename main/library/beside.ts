import { asBase } from '../../models/checkpoint/as-base.ts'
import { asVae } from '../../models/checkpoint/as-vae.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { namesIn } from '../../models/prompt/embeddings.ts'
import type { GenerateRequest } from '../../preload/contract/generation.ts'
import type { Catalog } from './catalog.ts'
import type { ModelChoice } from './choice.ts'
import { stemOf } from './facts.ts'
import type { Hashing } from './hashing.ts'
import { resolveModel } from './resolve.ts'

/** What a request puts beside its base. */
export interface Beside {
  /** In place of the base's own. */
  readonly vae?: ModelChoice
  /** What its prompts name, each under the name that it has there. */
  readonly embeddings: readonly ModelChoice[]
}

/** Throws `UserError` where a base lacks a VAE and none is chosen, or the one that is chosen does not fit. */
export async function requireVae(base: string, vae?: string): Promise<void> {
  asBase(await describeModel(base), vae === undefined ? undefined : asVae(await describeModel(vae)))
}

/** Finds what stands beside a base: the VAE by id or path, embeddings of the library by the names in the prompts. */
export async function besides(
  { vae: wanted, ...prompts }: Pick<GenerateRequest, 'vae' | 'prompt' | 'negative'>,
  base: ModelChoice,
  catalog: Catalog,
  hashing: Hashing,
): Promise<Beside> {
  const vae = wanted === undefined ? undefined : await resolveModel(wanted, 'vae', catalog, hashing)
  await catalog.worker.ask('requireVae', base.path, vae?.path)
  return { ...(vae && { vae }), embeddings: await embeddingsIn(prompts, catalog, hashing) }
}

/**
 * The embeddings of the library that prompts name, by the name that they have there or that their file has. Throws
 * `UserError` where one is not there any more.
 */
export async function embeddingsIn(
  { prompt, negative = '' }: Pick<GenerateRequest, 'prompt' | 'negative'>,
  catalog: Catalog,
  hashing: Hashing,
): Promise<ModelChoice[]> {
  const rows = (await catalog.rows('embedding')).filter(({ usable }) => usable)
  const known = new Map(rows.flatMap(({ id, name, path }) => [name, stemOf(path)].map(each => [each, id])))
  const named = new Set([prompt, negative].flatMap(text => namesIn(text, [...known.keys()])))
  return Promise.all(
    Array.from(named, async name => ({
      ...(await resolveModel(known.get(name) as string, 'embedding', catalog, hashing)),
      name,
    })),
  )
}
