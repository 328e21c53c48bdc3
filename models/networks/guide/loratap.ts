import { scope } from '../parameters.ts'
import { type GuideConfig, type GuideKind, parameterCount } from './kind.ts'
import { lora1 } from './lora1.ts'
import { tap1 } from './tap1.ts'

/** What each half of the guide's tensors are named under. */
const [low, tap] = ['lora', 'tap'] as const

/**
 * A low-rank change of the base's layers and a bottleneck on the features that come of them, in one guide: `lora1` and
 * `tap1`, each with about half of the parameters.
 */
export const loratap: GuideKind = {
  design(base, layers, most) {
    const first = lora1.design(base, layers, most / 2)
    const second = tap1.design(base, layers, most - parameterCount(first))
    return { shapes: new Map([...under(low, first), ...under(tap, second)]), modules: first.modules }
  },
  isLast: name =>
    name.startsWith(`${low}.`) ? lora1.isLast(name.slice(low.length + 1)) : tap1.isLast(name.slice(tap.length + 1)),
  fitting: config => ({ ...lora1.fitting(part(low, config)), ...tap1.fitting(part(tap, config)) }),
  inject(config, p, inputs) {
    const layers = lora1.inject(part(low, config), scope(p, low), inputs)
    const features = tap1.inject(part(tap, config), scope(p, tap), inputs)
    return (place, value, layer) => features(place, layers(place, value, layer), layer)
  },
}

const under = (name: string, { shapes }: GuideConfig) =>
  [...shapes].map(([key, shape]) => [`${name}.${key}`, shape] as const)

/** One half, under its own names. */
function part(name: string, { shapes, modules }: GuideConfig): GuideConfig {
  const own = [...shapes].filter(([key]) => key.startsWith(`${name}.`))
  return { shapes: new Map(own.map(([key, shape]) => [key.slice(name.length + 1), shape])), modules }
}
