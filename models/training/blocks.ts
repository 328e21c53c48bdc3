import type { Value } from '../graph/value.ts'
import type { Inject } from '../networks/parameters.ts'

/** The results of a UNet's blocks: few and small values, between which the others can be computed anew. */
const block = /^(?:down_blocks[.]\d+|mid_block|up_blocks[.]\d+)$/

/** The same injection, which also notes the results of the UNet's blocks in `results`. */
export const notingBlocks =
  (results: Value[], inject: Inject | undefined): Inject =>
  (place, value, from) => {
    const result = inject ? inject(place, value, from) : value
    if (block.test(place)) results.push(result)
    return result
  }
