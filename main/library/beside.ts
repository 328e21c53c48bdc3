import { asBase } from '../../models/checkpoint/as-base.ts'
import { asVae } from '../../models/checkpoint/as-vae.ts'
import type { Overrides } from '../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { namesIn } from '../../models/prompt/embeddings.ts'
import { extraNetworks } from '../../models/prompt/extra-networks.ts'
import type { GenerateRequest } from '../../preload/contract/generation.ts'
import type { Catalog } from './catalog.ts'
import type { ModelChoice } from './choice.ts'
import { stemOf } from './facts.ts'
import type { Hashing } from './hashing.ts'
import { type ChosenLora, lorasOf } from './loras.ts'
import { loraNamed, resolveModel } from './resolve.ts'

/** What a request puts beside its base. */
export interface Beside {
  /** In place of the base's own. */
  readonly vae?: ModelChoice
  /** What its prompts name, each under the name that it has there. */
  readonly embeddings: readonly ModelChoice[]
  readonly loras: readonly ChosenLora[]
}

/** What a request says of them. */
export type AskedBeside = Pick<GenerateRequest, 'vae' | 'loras' | 'prompt' | 'negative'>

/** Throws `UserError` where a base lacks a VAE and none is chosen, or the one that is chosen does not fit. */
export async function requireVae(base: string, vae?: string, overrides?: Overrides): Promise<void> {
  asBase(await describeModel(base, overrides), vae === undefined ? undefined : asVae(await describeModel(vae)))
}

/**
 * Finds what stands beside a base: VAE and LoRAs by id or path, LoRAs and embeddings of the library by the names in the
 * prompts. Throws `UserError` where one is not there, or the VAE does not fit.
 */
export async function besides(
  asked: AskedBeside,
  { path, overrides }: Pick<ModelChoice, 'path' | 'overrides'>,
  { catalog, hashing }: { catalog: Catalog; hashing: Hashing },
): Promise<Beside> {
  const vae = asked.vae === undefined ? undefined : await resolveModel(asked.vae, 'vae', catalog, hashing)
  await catalog.worker.ask('requireVae', path, vae?.path, overrides)
  const loras = await lorasOf(asked, {
    byRef: ref => resolveModel(ref, 'lora', catalog, hashing),
    byName: name => loraNamed(name, catalog, hashing),
  })
  return { ...(vae && { vae }), loras, embeddings: await embeddingsIn(asked, catalog, hashing) }
}

/**
 * The embeddings of the library that prompts name, by the name that they have there or that their file has. Throws
 * `UserError` where one is not there any more.
 */
async function embeddingsIn(
  { prompt, negative = '' }: Pick<GenerateRequest, 'prompt' | 'negative'>,
  catalog: Catalog,
  hashing: Hashing,
): Promise<ModelChoice[]> {
  const rows = (await catalog.rows('embedding')).filter(({ usable }) => usable)
  const known = new Map(rows.flatMap(({ id, name, path }) => [name, stemOf(path)].map(each => [each, id])))
  // A LoRA's tag is no word of the prompt.
  const named = new Set([extraNetworks(prompt).text, negative].flatMap(text => namesIn(text, [...known.keys()])))
  return Promise.all(
    Array.from(named, async name => ({
      ...(await resolveModel(known.get(name) as string, 'embedding', catalog, hashing)),
      name,
    })),
  )
}
