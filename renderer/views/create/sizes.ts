export interface SizePreset {
  readonly name: string
  readonly width: number
  readonly height: number
}

const ratios = [
  ['Tall', 9 / 16],
  ['Portrait', 2 / 3],
  ['Square', 1],
  ['Landscape', 3 / 2],
  ['Wide', 16 / 9],
] as const

/**
 * Sizes of about as many pixels as a base was trained on, in steps of a sixteenth of its side: 1216 x 832 and
 * 1344 x 768 of a base of 1024, as people know them.
 */
export function sizePresets(native: number): SizePreset[] {
  const grain = Math.max(8, Math.round(native / 128) * 8)
  return ratios.map(([name, ratio]) => {
    if (ratio === 1) return { name, width: native, height: native }
    const long = Math.floor((native * Math.sqrt(Math.max(ratio, 1 / ratio))) / grain) * grain
    const short = Math.round((native * Math.sqrt(Math.min(ratio, 1 / ratio))) / grain) * grain
    return ratio > 1 ? { name, width: long, height: short } : { name, width: short, height: long }
  })
}
