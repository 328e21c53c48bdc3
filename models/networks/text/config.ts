/** Shape of a CLIP text encoder, with the names of transformers' CLIPTextConfig. */
export interface TextConfig {
  readonly vocabSize: number
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly layers: number
  readonly heads: number
  /** Tokens of a chunk, begin and end token included: 77, or fewer in small families. */
  readonly positions: number
  readonly activation: 'quick_gelu' | 'gelu'
  readonly normEps: number
  /** Numbers that the pooled state is projected to; absent where the encoder has no projection. */
  readonly projection?: number
}
