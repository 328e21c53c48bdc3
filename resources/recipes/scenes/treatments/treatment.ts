import type { Generator } from '../../../../models/tensor/random.ts'

/**
 * Makes another style of a scene: [3, size, size] of uint8 in, the same out. The background's colour stays to be told,
 * so that the caption stays true.
 */
export type Treatment = (picture: Uint8Array, size: number, random: Generator) => Uint8Array
