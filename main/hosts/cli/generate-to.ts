import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Overrides } from '../../../models/checkpoint/checkpoint.ts'
import { extraNetworks } from '../../../models/prompt/extra-networks.ts'
import type { GenerateRequest } from '../../../preload/contract/generation.ts'
import { requireWritable } from '../../gallery/write.ts'
import type { Beside } from '../../library/beside.ts'
import { isId } from '../../library/card.ts'
import type { ModelChoice } from '../../library/choice.ts'
import { shippedGuide } from '../../library/guides.ts'
import { lorasOf } from '../../library/loras.ts'
import { shipped } from '../../paths.ts'
import { fileAt, type Keeper, loraAt, toFiles } from '../../services/generation.ts'
import { numbered } from './places.ts'

/** Where pictures go, and what they are painted with. */
export interface Place {
  readonly keeper: Keeper
  /** A path; the demo model where it is left out. */
  readonly base: string | undefined
  /** What is said of a base of the library. */
  readonly overrides: Overrides | undefined
  /** The hash of a base of the library. */
  readonly hash: (() => Promise<string | undefined>) | undefined
  /** The VAE, the LoRAs and the embeddings that were asked for. */
  readonly beside: Beside
  /** Path of the guide that was asked for. */
  readonly guide: string | undefined
  /** The guides of the library, and the shipped one; that one alone where they were not looked for. */
  readonly guides: readonly ModelChoice[] | undefined
  close(): Promise<void>
}

interface Wanted {
  /** Data folder. */
  readonly data: string
  readonly request: Pick<GenerateRequest, 'base' | 'guide' | 'vae' | 'loras' | 'prompt' | 'negative'>
  /** File to write; the gallery where it is left out. */
  readonly out: string | undefined
  readonly count: number
}

/**
 * Opens what is needed for painting to a file or into the gallery. A picture for a file from models with paths needs no
 * database, and none is made; one that is there may know embeddings that the prompts name.
 */
export async function openPlace({ data, request, out, count }: Wanted): Promise<Place> {
  const { base, guide, vae, prompt, loras = [] } = request
  const toFile = out === undefined ? undefined : toFiles(numbered(out, count))
  const mayBeId = base !== undefined && base !== 'demo' && isId(base)
  const guideMayBeId = guide !== undefined && guide !== shippedGuide.ref && isId(guide)
  const given = {
    base: base === 'demo' ? undefined : base,
    guide,
    overrides: undefined,
    hash: undefined,
    guides: undefined,
  }
  const others = [...(vae === undefined ? [] : [vae]), ...loras.map(({ lora }) => lora)]
  const isNamed = mayBeId || guideMayBeId || others.some(isId) || extraNetworks(prompt).loras.length > 0
  const { databaseFile } = await import('../../database/hold.ts')
  if (toFile && !isNamed && !existsSync(databaseFile(data))) {
    const byPath = async (path: string) => loraAt(path)
    const chosen = await lorasOf(request, { byRef: byPath, byName: byPath })
    const beside = { ...(vae !== undefined && { vae: fileAt(vae) }), loras: chosen, embeddings: [] }
    return { ...given, beside, keeper: toFile, close: () => Promise.resolve() }
  }
  const { openData } = await import('../../app.ts')
  const opened = await openData(data)
  try {
    // Also a path may be that of a model of the library, of which something was said.
    const found = given.base === undefined ? undefined : await opened.library.resolveBase(given.base)
    return {
      ...given,
      ...(found && { base: found.path, overrides: found.overrides, hash: found.hash }),
      ...(guideMayBeId && { guide: (await opened.library.resolveGuide(guide)).path }),
      guides: await opened.library.guides(),
      beside: await opened.library.besides(request, found ?? { path: given.base ?? shipped.demo }),
      keeper: toFile ?? toGallery(data, opened.gallery),
      close: opened.close,
    }
  } catch (error) {
    await opened.close()
    throw error
  }
}

type Opened = Awaited<ReturnType<typeof import('../../app.ts')['openData']>>

/** Keeps pictures as the studio does: in DATA/pictures, with a row. */
const toGallery = (data: string, { add, file }: Opened['gallery']): Keeper => ({
  prepare: () => requireWritable(join(data, 'pictures', 'picture.png')),
  async keep({ pixels, width, height, passes, seconds }, settings) {
    const { text, denoise, decode } = seconds
    const { id } = await add({ pixels, width, height, settings, passes, seconds: text + denoise + decode })
    const path = await file(id)
    if (path === undefined) throw new Error('the picture has left the gallery')
    return path
  },
})
