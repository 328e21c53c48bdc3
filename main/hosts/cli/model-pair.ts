import { isId } from '../../library/card.ts'
import { shippedIds } from '../../library/shipped-ids.ts'
import { shipped } from '../../paths.ts'
import type { ModelPair } from '../../services/evaluation.ts'

/** A base and a guide as options name them. */
export interface PairOptions {
  readonly base: string
  readonly guide: string
}

const paths: Readonly<Record<string, string>> = { [shippedIds.base]: shipped.demo, [shippedIds.guide]: shipped.guide }

/** Finds a base and a guide: what is shipped, paths, or ids of the library, for which alone the database is opened. */
export async function modelPair(data: string, { base, guide }: PairOptions): Promise<ModelPair> {
  const known = { base: paths[base] ?? base, guide: paths[guide] ?? guide }
  if (!isId(known.base) && !isId(known.guide)) return known
  const { openData } = await import('../../app.ts')
  const { library, close } = await openData(data)
  try {
    const found = isId(known.base) ? await library.resolveBase(known.base) : { path: known.base, overrides: undefined }
    const { path } = isId(known.guide) ? await library.resolveGuide(known.guide) : { path: known.guide }
    return { base: found.path, overrides: found.overrides, guide: path }
  } finally {
    await close()
  }
}
