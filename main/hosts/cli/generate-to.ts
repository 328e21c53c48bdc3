import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { GenerateRequest } from '../../../preload/contract/generation.ts'
import { requireWritable } from '../../gallery/write.ts'
import { isId } from '../../library/card.ts'
import type { ModelChoice } from '../../library/choice.ts'
import { shippedGuide } from '../../library/guides.ts'
import { type Keeper, toFiles } from '../../services/generation.ts'
import { numbered } from './places.ts'

/** Where pictures go, and the base that they are painted with. */
export interface Place {
  readonly keeper: Keeper
  /** A path; the demo model where it is left out. */
  readonly base: string | undefined
  /** The hash of a base of the library. */
  readonly hash: (() => Promise<string | undefined>) | undefined
  /** Path of the VAE that was asked for. */
  readonly vae: string | undefined
  /** The embeddings of the library that the prompts name. */
  readonly embeddings: readonly ModelChoice[]
  /** Path of the guide that was asked for. */
  readonly guide: string | undefined
  /** The guides of the library, and the shipped one; that one alone where they were not looked for. */
  readonly guides: readonly ModelChoice[] | undefined
  close(): Promise<void>
}

interface Wanted {
  /** Data folder. */
  readonly data: string
  /** Id or path. */
  readonly base: string | undefined
  readonly guide: string | undefined
  readonly vae: string | undefined
  readonly prompts: Pick<GenerateRequest, 'prompt' | 'negative'>
  /** File to write; the gallery where it is left out. */
  readonly out: string | undefined
  readonly count: number
}

/**
 * Opens what is needed for painting to a file or into the gallery. A picture for a file from a base with a path needs
 * no database, and none is made; one that is there may know embeddings that the prompts name.
 */
export async function openPlace({ data, base, guide, vae, prompts, out, count }: Wanted): Promise<Place> {
  const toFile = out === undefined ? undefined : toFiles(numbered(out, count))
  const mayBeId = base !== undefined && base !== 'demo' && isId(base)
  const guideMayBeId = guide !== undefined && guide !== shippedGuide.ref && isId(guide)
  const vaeMayBeId = vae !== undefined && isId(vae)
  const own = base === 'demo' ? undefined : base
  const given = { base: own, guide, vae, hash: undefined, guides: undefined, embeddings: [] }
  const { databaseFile } = await import('../../database/hold.ts')
  if (toFile && !mayBeId && !guideMayBeId && !vaeMayBeId && !existsSync(databaseFile(data)))
    return { ...given, keeper: toFile, close: () => Promise.resolve() }
  const { openData } = await import('../../app.ts')
  const opened = await openData(data)
  try {
    const found = mayBeId ? await opened.library.resolveBase(base) : undefined
    return {
      ...given,
      ...(found && { base: found.path, hash: found.hash }),
      ...(guideMayBeId && { guide: (await opened.library.resolveGuide(guide)).path }),
      ...(vaeMayBeId && { vae: (await opened.library.resolveVae(vae)).path }),
      guides: await opened.library.guides(),
      embeddings: await opened.library.embeddingsIn(prompts),
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
