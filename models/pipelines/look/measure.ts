/** What a guide changed at one place of a network. */
export interface Change {
  readonly place: string
  /** Squared change, and squared feature that was changed, each summed over the channels: one for each cell [h * w], or one. */
  readonly change: Float32Array
  readonly feature: Float32Array
  /** Where it is a feature map: its sides, and the change's power by frequency [h * w], as a discrete Fourier transform orders it. */
  readonly map?: { readonly height: number; readonly width: number; readonly power: Float32Array }
}

/** A map over the picture: rows of numbers. */
export interface Heat {
  readonly height: number
  readonly width: number
  readonly values: Float32Array
}

/** What a guide changed in one part of a network. */
export interface Strength {
  /** Norm of the change relative to that of the features that it changes: 0 is none. */
  readonly strength: number
  /** Share of the change's power above half the Nyquist frequency, 0..1; of white noise it is 0.80. NaN where nothing is changed. */
  readonly high: number
  /** The change's mean power at each frequency, as shares of their sum: see `bins`. */
  readonly spectrum: readonly number[]
}

/** Rings of equal width that frequencies are counted in, from 0 to the Nyquist frequency of their own map; corners go to the last. */
export const bins = 8

/** The changes in one number each. */
export function strengthOf(changes: readonly Change[]): Strength {
  const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0)
  const total = (of: 'change' | 'feature') => changes.reduce((all, each) => all + sum(each[of]), 0)
  const rings = Array.from({ length: bins }, () => ({ power: 0, count: 0 }))
  let [high, all] = [0, 0]
  for (const { map } of changes) {
    if (!map) continue
    for (const [at, power] of map.power.entries()) {
      const radius = Math.hypot(frequency(Math.floor(at / map.width), map.height), frequency(at % map.width, map.width))
      const ring = rings[Math.min(Math.floor(radius * bins), bins - 1)] as (typeof rings)[number]
      ring.power += power
      ring.count++
      all += power
      if (radius > 0.5) high += power
    }
  }
  const means = rings.map(({ power, count }) => (count > 0 ? power / count : 0))
  const whole = means.reduce((total, mean) => total + mean, 0)
  return {
    strength: Math.sqrt(total('change') / (total('feature') || 1)),
    high: high / all,
    spectrum: means.map(mean => mean / (whole || 1)),
  }
}

/** Place `index` of a transform of `size` values, as a share of the Nyquist frequency. */
const frequency = (index: number, size: number): number => (2 * Math.min(index, size - index)) / size

/** Where in the picture the changes are strong: relative to the features, as `Strength`; on the finest of their maps. */
export function heatOf(changes: readonly Change[]): Heat | undefined {
  const maps = changes.flatMap(({ map, change, feature }) => (map ? [{ ...map, change, feature }] : []))
  if (maps.length === 0) return undefined
  const [height, width] = [Math.max(...maps.map(map => map.height)), Math.max(...maps.map(map => map.width))]
  const values = Float32Array.from({ length: height * width }, (_, at) => {
    let [change, feature] = [0, 0]
    for (const map of maps) {
      const row = Math.floor((Math.floor(at / width) * map.height) / height)
      const own = row * map.width + Math.floor(((at % width) * map.width) / width)
      // A coarse cell's energy is shared among the fine ones that it covers.
      const part = (map.height * map.width) / (height * width)
      change += part * (map.change[own] as number)
      feature += part * (map.feature[own] as number)
    }
    return Math.sqrt(change / (feature || 1))
  })
  return { height, width, values }
}

/** The part of a network that a place belongs to: `mid_block`, `up_blocks.0`, `context`. */
export const blockOf = (place: string): string =>
  /^(?:down_blocks[.]\d+|up_blocks[.]\d+|[^.]+)/.exec(place)?.[0] ?? place

/** How a guided prediction stands to the two that classifier-free guidance is made of. */
export interface Effect {
  /** 1 + <s - c, c - u> / |c - u|^2: CFG's scale that moves the prediction as far along c - u. */
  readonly effective: number
  /** |s - cfg|^2 / ((w - 1)^2 |c - u|^2): 1 is no guidance, 0 is CFG. */
  readonly error: number
}

/** @param s with the guide, @param c with the prompt alone, @param u with the negative prompt alone */
export function effectOf(s: Float32Array, c: Float32Array, u: Float32Array, w: number): Effect {
  let [along, energy, squares] = [0, 0, 0]
  for (let i = 0; i < s.length; i++) {
    const [guided, positive, negative] = [s[i], c[i], u[i]] as [number, number, number]
    along += (guided - positive) * (positive - negative)
    energy += (positive - negative) ** 2
    squares += (guided - negative - w * (positive - negative)) ** 2
  }
  return { effective: 1 + along / energy, error: squares / ((w - 1) ** 2 * energy) }
}
