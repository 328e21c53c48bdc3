import { isAbsolute, join, relative, sep } from 'node:path'
import type { ModelCard } from '../../preload/contract/models.ts'

/** Where the library keeps what. Everything below `cache` may be deleted at any time. */
export class Places {
  /** Absolute. */
  readonly data: string
  readonly models: string
  readonly uploads: string
  /** Pictures that were painted to try a model. */
  readonly previews: string

  constructor(data: string) {
    this.data = data
    this.models = join(data, 'models')
    this.uploads = join(data, 'cache', 'uploads')
    this.previews = join(data, 'cache', 'model-previews')
  }

  /** `DATA/models/bases`. */
  shelf(kind: ModelCard['kind']): string {
    return join(this.models, `${kind}s`)
  }

  /** A path as the database keeps it: below the data folder without it, so that the folder can be moved. */
  kept(path: string): string {
    const inner = relative(this.data, path)
    return isBelow(this.data, path) ? inner.split(sep).join('/') : path
  }

  /** The absolute path of what `kept` gave. */
  whole(kept: string): string {
    return isAbsolute(kept) ? kept : join(this.data, kept)
  }
}

/** Whether a path lies in a folder; both absolute. */
export function isBelow(folder: string, path: string): boolean {
  const inner = relative(folder, path)
  return inner !== '' && inner !== '..' && !inner.startsWith(`..${sep}`) && !isAbsolute(inner)
}

/** The same, or whether it is the folder itself. */
export const isWithin = (folder: string, path: string): boolean => folder === path || isBelow(folder, path)
