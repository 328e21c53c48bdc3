/**
 * How the weights of a prompt's tokens act on their states: as A1111 has it, multiplied, with the chunk's mean brought
 * back to what it was; or as ComfyUI, away from the states of an empty prompt.
 */
export type Weighting = 'a1111' | 'comfy'

/**
 * The states of one chunk, f32 [positions, width], under the weight of each position. States that all count alike
 * are given back as they are. `empty` are the states of an empty chunk, which `comfy` needs.
 */
export function weigh(
  states: Float32Array,
  weights: readonly number[],
  weighting: Weighting = 'a1111',
  empty?: Float32Array,
): Float32Array {
  if (weights.every(weight => weight === 1)) return states
  const width = states.length / weights.length
  const weightAt = (i: number) => weights[Math.floor(i / width)] as number
  if (weighting === 'comfy') {
    if (!empty) throw new TypeError('the states of an empty prompt are missing')
    return states.map((value, i) => {
      const from = empty[i] as number
      return from + weightAt(i) * (value - from)
    })
  }
  const weighted = states.map((value, i) => value * weightAt(i))
  const ratio = sum(states) / sum(weighted)
  return weighted.map(value => value * ratio)
}

const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0)
