import type { Overrides } from '../../models/checkpoint/checkpoint.ts'

/** A model that can be painted with, as what it is. */
export interface ModelChoice {
  /** What a request calls it: an id of the library, or an absolute path. */
  readonly ref: string
  /** Absolute path of its file or folder. */
  readonly path: string
  /** As pictures name it: the file's name without its ending. */
  readonly name: string
  /** What the person has said of it. */
  readonly overrides?: Overrides
  /** AutoV2, of a LoRA AutoV3; undefined for a folder. Takes as long as reading the file where it has not been computed. */
  hash(): Promise<string | undefined>
}
