import { lycorisRoles, type Role } from '../../../networks/lora/kind.ts'

/** How keys of the dialects end, and what such a tensor is; what stands before is the module's name. */
const endings: readonly (readonly [ending: RegExp, role: Role])[] = [
  // kohya; PEFT, which may name the adapter; diffusers of 2023; its attention processors, whose modules end in _lora
  [/\.(?:lora_down|lora_A(?:\.[\w-]+)?|lora\.down|lora_linear_layer\.down|(?<=_lora\.)down)\.weight$/, 'down'],
  [/\.(?:lora_up|lora_B(?:\.[\w-]+)?|lora\.up|lora_linear_layer\.up|(?<=_lora\.)up)\.weight$/, 'up'],
  [/\.lora_mid\.weight$/, 'mid'],
  [/\.alpha$/, 'alpha'],
  ...lycorisRoles.map(role => [new RegExp(`\\.${role}(?:\\.weight)?$`), role] as const),
]

/** The module that a key belongs to, and what the tensor is in it; undefined where the ending says nothing. */
export function partsOf(key: string): { readonly module: string; readonly role: Role } | undefined {
  for (const [ending, role] of endings) {
    const at = key.search(ending)
    if (at > 0) return { module: key.slice(0, at), role }
  }
  return undefined
}

/** What changes a model in ways that are not supported, by the name that people know and the keys that tell it. */
export const strangers: readonly (readonly [name: string, mark: RegExp])[] = [
  ['DoRA', /\.(?:dora_scale|lora_magnitude_vector(?:\..+)?)$/],
  ['OFT', /\.oft_(?:blocks|diag|[RS])(?:\.|$)/],
  ['(IA)^3', /^(?:lora|lycoris)_.+\.on_input$|\.ia3_l(?:\.|$)/],
  ['GLoRA', /^(?:lora|lycoris)_.+\.[ab][12]\.weight$/],
  ['full', /^(?:lora|lycoris)_.+\.(?:diff|diff_b|w_norm|b_norm)$/],
]
