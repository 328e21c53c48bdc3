import { optionsOf } from '../../models/guidance/index.ts'
import type { GenerateSettings } from '../../models/pipelines/settings.ts'
import packageFile from '../../package.json' with { type: 'json' }
import type { PictureSettings } from '../gallery/settings.ts'
import type { ModelChoice } from '../library/choice.ts'

/** The models that a picture was painted with, as it names them: a hash that cannot be had is left out. */
type NamedModels = Pick<PictureSettings, 'base' | 'guide' | 'vae' | 'embeddings'>

type Hashed = Pick<ModelChoice, 'name' | 'hash'>

interface Named {
  readonly base: Hashed
  readonly guide?: Hashed | undefined
  readonly vae?: Hashed | undefined
  readonly embeddings: readonly Hashed[]
}

/** Names the models of a picture. Takes as long as reading the files whose hashes are not known. */
export async function namedModels({ base, guide, vae, embeddings }: Named): Promise<NamedModels> {
  return {
    base: await hashedName(base),
    ...(guide && { guide: await hashedName(guide) }),
    ...(vae && { vae: await hashedName(vae) }),
    ...(embeddings.length > 0 && { embeddings: await Promise.all(embeddings.map(hashedName)) }),
  }
}

async function hashedName({ name, hash }: Hashed): Promise<PictureSettings['base']> {
  const autoV2 = await hash().catch(() => undefined)
  return { name, ...(autoV2 !== undefined && { hash: autoV2 }) }
}

interface Particulars extends NamedModels {
  /** The picture's own. */
  readonly seed: number
  /** Where it began with another picture. */
  readonly strength?: number | undefined
}

/** How a picture was made, as it is written into its file. */
export function recordedSettings(
  settings: Omit<GenerateSettings, 'init' | 'embeddings'>,
  { seed, strength, ...models }: Particulars,
): PictureSettings {
  const { prompt, negative = '', method, guidance, steps, sampler, schedule, width, height } = settings
  return {
    ...{ prompt, negative, method, guidance, steps, sampler, schedule, seed, width, height, ...models },
    ...optionsOf(settings),
    ...(settings.clipSkip > 1 && { clipSkip: settings.clipSkip }),
    ...(strength !== undefined && { strength }),
    ...(settings.prediction && { predictionType: settings.prediction }),
    version: packageFile.version,
  }
}
