/** Mean squared difference of two pictures of 8-bit pixels. */
export function meanSquare(a: Uint8Array, b: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2
  return sum / a.length
}

/** Peak signal to noise ratio in dB of a mean squared difference of 8-bit pixels; Infinity where there is none. */
export const psnrOf = (square: number): number => 10 * Math.log10(255 ** 2 / square)

/** The mean PSNR in dB of some pictures to their others; null where all are the same. Those that are the same do not count. */
export function meanPsnr(squares: readonly number[]): number | null {
  const each = squares.filter(square => square > 0).map(psnrOf)
  return each.length > 0 ? each.reduce((sum, value) => sum + value, 0) / each.length : null
}
