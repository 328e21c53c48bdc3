import type { MethodName } from '../../guidance/index.ts'
import { methodVariant } from '../../guidance/variant.ts'
import type { Suite } from '../suite.ts'

/** Pictures that are painted in one way. */
export interface Variant {
  /** Also the name of their folder. */
  readonly name: string
  readonly method: MethodName
  readonly refresh?: number | undefined
  readonly guidance: number
  readonly steps: number
  readonly pictures: readonly Ordered[]
}

interface Ordered {
  readonly prompt: string
  readonly negative: string
  readonly seed: number
}

/** The two ends between which everything is measured. */
export const ends = { none: 'none', cfg: 'cfg' } as const
/** CFG on the same prompts with seeds of its own: what chance makes of CFG against CFG. */
export const floor = 'cfg-other-seeds'

/** All that a suite has painted. */
export interface Variants {
  /** The methods that are compared, none and cfg among them. */
  readonly methods: readonly Variant[]
  /** CFG at a little less and more guidance, with twice the steps and with other seeds: how far apart the same thing can be. */
  readonly brackets: readonly Variant[]
  /** By cfg and guide, without and with negative prompts. */
  readonly negatives: readonly Variant[]
  /** A row of the grid for each method, with a variant for each guidance scale. */
  readonly grid: readonly (readonly Variant[])[]
}

export function variantsOf(suite: Suite, prompts: readonly string[]): Variants {
  const { seed, steps, guidance, negatives, grid } = suite
  const names = [...new Set([ends.none, ...suite.methods, ends.cfg])]
  const ordered = (count: number, first: number): Ordered[] =>
    Array.from({ length: count }, (_, i) => ({
      prompt: prompts[i % prompts.length] as string,
      negative: '',
      seed: (first + i) % 2 ** 32,
    }))
  const variant = (name: string, method: string, changes: Partial<Variant> = {}): Variant => ({
    name: name.replaceAll(':', '-'),
    ...(methodVariant(method) as NonNullable<ReturnType<typeof methodVariant>>),
    guidance,
    steps,
    pictures: ordered(suite.pictures, seed),
    ...changes,
  })
  const denied = (method: 'cfg' | 'guide', isDenied: boolean): Variant =>
    variant(`${method}-${isDenied ? 'with' : 'without'}-negative`, method, {
      pictures: negatives.pairs.flatMap(({ prompt, negative }) =>
        Array.from({ length: negatives.pictures }, (_, i) => ({
          prompt,
          negative: isDenied ? negative : '',
          seed: (seed + i) % 2 ** 32,
        })),
      ),
    })
  return {
    methods: names.map(name => variant(name, name)),
    brackets: [
      variant(`cfg-at-${guidance - 1}`, 'cfg', { guidance: guidance - 1 }),
      variant(`cfg-at-${guidance + 1}`, 'cfg', { guidance: guidance + 1 }),
      variant(`cfg-${2 * steps}-steps`, 'cfg', { steps: 2 * steps }),
      variant(floor, 'cfg', { pictures: ordered(suite.pictures, seed + suite.pictures) }),
    ],
    negatives: (['cfg', 'guide'] as const).flatMap(method => [denied(method, false), denied(method, true)]),
    grid:
      grid.prompts === 0
        ? []
        : names.map(name =>
            grid.guidance.map(w =>
              variant(`grid-${name}-at-${w}`, name, { guidance: w, pictures: ordered(grid.prompts, seed) }),
            ),
          ),
  }
}
