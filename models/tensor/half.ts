/**
 * Sixteen-bit and eight-bit floating point to f32 and back.
 * f16 is IEEE binary16; bf16 is the upper half of an f32; f8_e5m2 is the upper half of an f16;
 * f8_e4m3 is the "fn" variant that safetensors means: bias 7, no infinities, 0x7f and 0xff are NaN.
 * Every widening is exact. Arrays are plain bits in the order of the machine (little endian on all we run on).
 */

/** f16 bits to numbers, exactly. */
export const widenF16 = (bits: Uint16Array, out = new Float32Array(bits.length)): Float32Array => {
  out.set(new Float16Array(bits.buffer, bits.byteOffset, bits.length))
  return out
}

/** Numbers to the nearest f16 (ties to even); beyond 65504 they become infinite. */
export const narrowF16 = (values: Float32Array): Uint16Array => {
  const halves = new Float16Array(values)
  return new Uint16Array(halves.buffer)
}

/** bf16 bits to numbers, exactly. */
export const widenBf16 = (bits: Uint16Array, out = new Float32Array(bits.length)): Float32Array => {
  const words = new Uint32Array(out.buffer, out.byteOffset, bits.length)
  for (let i = 0; i < bits.length; i++) words[i] = (bits[i] as number) << 16
  return out
}

/** Numbers to the nearest bf16 (ties to even); NaN stays NaN. */
export const narrowBf16 = (values: Float32Array): Uint16Array => {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  return Uint16Array.from(words, word => {
    if ((word & 0x7fffffff) > 0x7f800000) return (word >>> 16) | 0x40
    return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
  })
}

/** The 256 values of f8_e5m2. */
export const f8e5m2Values: Float32Array = widenF16(Uint16Array.from({ length: 256 }, (_, byte) => byte << 8))

/** The 256 values of f8_e4m3 (fn). */
export const f8e4m3Values: Float32Array = Float32Array.from({ length: 256 }, (_, byte) => {
  const sign = byte & 0x80 ? -1 : 1
  const exponent = (byte >> 3) & 15
  const fraction = byte & 7
  if (exponent === 15 && fraction === 7) return Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** -9 : sign * (8 + fraction) * 2 ** (exponent - 10)
})
