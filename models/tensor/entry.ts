import type { Dtype } from './dtype.ts'
import type { Shape } from './tensor.ts'

/** One tensor as it lies in a file: enough to read it, or to let the runtime map it, without a copy. */
export interface TensorEntry {
  /** The name it has in its file. */
  readonly key: string
  /** Absolute path of the file. */
  readonly file: string
  readonly dtype: Dtype
  readonly shape: Shape
  /** First byte, counted from the start of the file. */
  readonly offset: number
  /** Number of bytes. */
  readonly bytes: number
}

/** Tensors of one network under their diffusers names (`down_blocks.0.resnets.0.conv1.weight`). */
export type TensorTable = ReadonlyMap<string, TensorEntry>
