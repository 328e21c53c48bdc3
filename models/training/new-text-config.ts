import type { TextConfig } from '../networks/text/config.ts'
import type { RecipeOf } from './recipe.ts'

/** A CLIP text encoder of a recipe's numbers, for a tokenizer whose end token is `eos`. */
export const newTextConfig = (text: NonNullable<RecipeOf<'contrast'>['text']>, eos: number): TextConfig => ({
  // The end token has the last id of CLIP's vocabularies.
  vocabSize: eos + 1,
  hiddenSize: text.hidden_size,
  intermediateSize: text.intermediate_size,
  layers: text.num_hidden_layers,
  heads: text.num_attention_heads,
  positions: text.max_position_embeddings,
  activation: 'quick_gelu',
  normEps: 1e-5,
})
