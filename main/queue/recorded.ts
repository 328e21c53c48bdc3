import { resolve } from 'node:path'
import { optionsOf } from '../../models/guidance/index.ts'
import type { GenerateSettings } from '../../models/pipelines/settings.ts'
import packageFile from '../../package.json' with { type: 'json' }
import { type GenerateRequest, strengthOf } from '../../preload/contract/generation.ts'
import type { PictureSettings } from '../gallery/settings.ts'
import type { ModelChoice } from '../library/choice.ts'
import { type ChosenLora, recordedLoras } from '../library/loras.ts'

/** The models that a picture was painted with, as it names them: a hash that cannot be had is left out. */
type NamedModels = Pick<PictureSettings, 'base' | 'guide' | 'vae' | 'loras' | 'embeddings'>

type Hashed = Pick<ModelChoice, 'name' | 'hash'>

interface Named {
  readonly base: Hashed
  readonly guide?: Hashed | undefined
  readonly vae?: Hashed | undefined
  readonly loras: readonly ChosenLora[]
  readonly embeddings: readonly Hashed[]
}

/** Names the models of a picture. Takes as long as reading the files whose hashes are not known. */
export async function namedModels({ base, guide, vae, loras, embeddings }: Named): Promise<NamedModels> {
  return {
    base: await hashedName(base),
    ...(guide && { guide: await hashedName(guide) }),
    ...(vae && { vae: await hashedName(vae) }),
    ...(loras.length > 0 && { loras: await recordedLoras(loras) }),
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
  /** The picture that it began with, as it was asked for. */
  readonly begun?: Pick<GenerateRequest, 'init' | 'mask' | 'strength'> | undefined
}

/** How a picture was made, as it is written into its file. */
export function recordedSettings(
  settings: Omit<GenerateSettings, 'init' | 'embeddings'>,
  { seed, begun, ...models }: Particulars,
): PictureSettings {
  const { prompt, negative, method, guidance, steps, sampler, schedule, width, height } = settings
  return {
    prompt,
    ...(negative !== undefined && { negative }),
    ...{ method, guidance, steps, sampler, schedule, seed, width, height, ...models },
    ...optionsOf(settings),
    ...(settings.clipSkip > 1 && { clipSkip: settings.clipSkip }),
    ...(begun && begunWith(begun)),
    ...(settings.prediction && { predictionType: settings.prediction }),
    version: packageFile.version,
  }
}

/** The paths are whole, so that they mean the same wherever the picture is read. */
function begunWith({ init, mask, strength }: NonNullable<Particulars['begun']>): Partial<PictureSettings> {
  if (init === undefined) return {}
  const masked = mask === undefined ? {} : { mask: resolve(mask) }
  return { init: resolve(init), ...masked, strength: strengthOf({ strength, mask }) }
}
