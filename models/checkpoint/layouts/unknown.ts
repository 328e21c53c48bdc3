import { fromHeader, type Layout } from './layout.ts'

/** What else people have lying about, by how its keys begin. */
const strangers: readonly (readonly [mark: RegExp, what: string])[] = [
  [/^(?:bert|roberta|distilbert|electra|deberta)\./, 'a language model'],
  [/^(?:model\.)?(?:language_model\.)?layers\.\d+\.(?:self_attn|mlp)\./, 'a language model'],
  [/^(?:transformer\.h|gpt_neox|rwkv|backbone\.layers)\./, 'a language model'],
  [/^(?:(?:encoder|decoder)\.block\.\d+\.layer|shared\.weight)/, 'a T5 language model'],
  [/^vision_model\./, 'an image encoder'],
  [/^(?:model\.encoder|model\.decoder)\.(?:conv1|layers)\./, 'a speech model'],
  [/^(?:body|model)\.\d+\./, 'an upscaler'],
]

const mostRoots = 3

/** `bert.*, cls.*`: how the keys begin, the most frequent first. */
const rootsOf = (keys: readonly string[]): string => {
  const counts = new Map<string, number>()
  for (const key of keys) {
    const root = key.split('.', 1)[0] as string
    counts.set(root, (counts.get(root) ?? 0) + 1)
  }
  const roots = [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([root]) => (keys.includes(root) ? root : `${root}.*`))
  return roots.length > mostRoots ? `${roots.slice(0, mostRoots).join(', ')} and more` : roots.join(', ')
}

const looksLike = (keys: readonly string[]): string => {
  if (keys.length === 0) return 'it holds no tensors at all'
  const stranger = strangers.find(([mark]) => keys.some(key => mark.test(key)))
  return stranger ? `it looks like ${stranger[1]} (${rootsOf(keys)})` : `its tensors are ${rootsOf(keys)}`
}

/** Everything else. */
export const unknown: Layout = {
  name: 'unknown',
  matches: () => true,
  describe: header => ({
    kind: 'unknown',
    layout: 'unknown',
    ...fromHeader(header),
    entries: header.entries,
    refusal: { message: `This file holds no Stable Diffusion UNet; ${looksLike([...header.entries.keys()])}.` },
  }),
}
