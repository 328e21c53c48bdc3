import type { SafetensorsFile } from '../../tensor/safetensors/header.ts'
import type { ModelDescription, OtherModel, Refusal } from '../checkpoint.ts'

/** One way of laying a model out in one file. */
export interface Layout {
  /** What `ModelDescription.layout` will say. */
  readonly name: string
  /** Whether a header is of this layout; asked in the order of the index, so only what tells it from later ones. */
  readonly matches: (header: SafetensorsFile) => boolean
  readonly describe: (header: SafetensorsFile) => ModelDescription
}

/** What every description of one file has in common. */
export const fromHeader = ({ file, metadata }: SafetensorsFile) => ({ path: file, files: [file], metadata })

/** A layout of something that is not a base: how it is told, and what to say to someone who wants to paint with it. */
export const otherLayout = (
  name: string,
  kind: OtherModel['kind'],
  matches: Layout['matches'],
  refusal: Refusal,
  architecture?: (header: SafetensorsFile) => string | undefined,
): Layout => ({
  name,
  matches,
  describe: header => {
    const found = architecture?.(header)
    return {
      kind,
      layout: name,
      ...fromHeader(header),
      entries: header.entries,
      refusal,
      ...(found !== undefined && { architecture: found }),
    }
  },
})

/** Whether any key of the header fits. */
export const hasKey = ({ entries }: SafetensorsFile, pattern: RegExp): boolean => {
  for (const key of entries.keys()) if (pattern.test(key)) return true
  return false
}
