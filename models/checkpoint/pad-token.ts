import type { Architecture } from './checkpoint.ts'

/** What CLIP (Radford et al. 2021) ends a text with, and fills it up with. */
export const endToken = '<|endoftext|>'

/**
 * The token that fills a chunk where no tokenizer's file says it: CLIP's is its end; OpenCLIP, SD 2.x's only encoder
 * and SDXL's second, has its token 0.
 */
export const usualPad = (architecture: Architecture, encoder: number): string =>
  architecture === 'sd2' || encoder === 1 ? '!' : endToken
