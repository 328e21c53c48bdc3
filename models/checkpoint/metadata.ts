import { z } from 'zod'

type Metadata = Readonly<Record<string, string>>

/** What a file's metadata say of it, in words to be shown: the long and the binary are left out. */
export interface MetadataSummary {
  /** `modelspec.*` (Stability's model metadata standard): title, author, license, trigger_phrase... */
  readonly about: Metadata
  /** `ss_*` of kohya's trainer, by their names without that prefix. */
  readonly training: Metadata
  /** The words that the pictures of training were described with, the most frequent first. */
  readonly tags: readonly { readonly tag: string; readonly count: number }[]
}

/** A thumbnail is a picture as text, a merge recipe some pages of JSON. */
const longest = 2000
const mostTags = 50

/** What of kohya's some hundred fields tells a person something. */
const trained = [
  'output_name',
  'training_comment',
  'base_model_version',
  'sd_model_name',
  'sd_model_hash',
  'v_parameterization',
  'zero_terminal_snr',
  'network_module',
  'network_dim',
  'network_alpha',
  'network_args',
  'resolution',
  'num_train_images',
  'num_reg_images',
  'num_epochs',
  'epoch',
  'steps',
  'max_train_steps',
  'batch_size_per_device',
  'optimizer',
  'lr_scheduler',
  'learning_rate',
  'unet_lr',
  'text_encoder_lr',
  'clip_skip',
  'noise_offset',
  'min_snr_gamma',
] as const

/** Summarises what the makers of a file have written into it. Nothing in it is believed; what is no text of that kind is left out. */
export function summarise(metadata: Metadata): MetadataSummary {
  const about = Object.entries(metadata).flatMap(([key, value]) =>
    key.startsWith('modelspec.') && isShort(value) ? [[key.slice('modelspec.'.length), value] as const] : [],
  )
  const training = trained.flatMap(name => {
    const value = metadata[`ss_${name}`]
    return value !== undefined && isShort(value) ? [[name, value] as const] : []
  })
  return {
    about: Object.fromEntries(about),
    training: Object.fromEntries(training),
    tags: tagsOf(metadata.ss_tag_frequency),
  }
}

/** Trainers write `None` for what was not set. */
const isShort = (value: string): boolean => value !== '' && value !== 'None' && value.length <= longest

const frequencies = z.record(z.string(), z.record(z.string(), z.number().positive()))

/** Folders of pictures and how often each tag occurs in them, added up. */
function tagsOf(text: string | undefined): MetadataSummary['tags'] {
  const read = frequencies.safeParse(parsed(text))
  if (!read.success) return []
  const counts = new Map<string, number>()
  for (const folder of Object.values(read.data))
    for (const [tag, count] of Object.entries(folder)) counts.set(tag.trim(), (counts.get(tag.trim()) ?? 0) + count)
  return [...counts]
    .map(([tag, count]) => ({ tag: tag.slice(0, 200), count }))
    .toSorted((a, b) => b.count - a.count)
    .slice(0, mostTags)
}

function parsed(text = ''): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
