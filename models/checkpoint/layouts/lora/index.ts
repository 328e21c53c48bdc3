import type { SafetensorsFile } from '../../../tensor/safetensors/header.ts'
import { hasKey, type Layout, otherLayout } from '../layout.ts'
import { strangers } from './endings.ts'

const goesBeside = {
  message: 'This file holds a LoRA, which changes a model; choose it as a LoRA, not as a model.',
}

/** SDXL is told by its numbered text encoders; otherwise only metadata says what a LoRA was made for. */
const madeFor = (header: SafetensorsFile): string | undefined => {
  if (hasKey(header, /^(?:lora_te[12]_|text_encoder_2\.)/)) return 'sdxl'
  return header.metadata['modelspec.architecture'] ?? header.metadata.ss_base_model_version
}

const kind = (name: string, mark: RegExp) =>
  otherLayout(name, 'lora', header => hasKey(header, mark), goesBeside, madeFor)

/** The dialects of low-rank changes, the special ones first: their files hold ordinary LoRA keys as well. */
export const loras: readonly Layout[] = [
  ...strangers.map(([name, mark]) => kind(name.toLowerCase(), mark)),
  kind('lokr', /\.lokr_(?:w1|w2|t2)/),
  kind('loha', /\.hada_(?:w1|w2|t1|t2)/),
  kind('kohya', /^(?:lora_(?:unet|te\d?|prior_te)|lycoris)_.+\.(?:lora_down|lora_up)\.weight$/),
  kind(
    'peft',
    /\.(?:lora_[AB](?:\.\w+)?|lora\.(?:down|up)|lora_linear_layer\.(?:down|up)|\w+_lora\.(?:down|up))\.weight$/,
  ),
]
