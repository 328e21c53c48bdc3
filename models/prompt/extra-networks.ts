import { UserError } from '../errors.ts'

/** A LoRA that a prompt names. */
export interface NamedLora {
  readonly name: string
  readonly strength: number
  /** In text encoders, where the prompt says it apart. */
  readonly textStrength?: number
}

/** A prompt as the text encoders see it, and the LoRAs that it names. */
export interface ExtraNetworks {
  readonly text: string
  readonly loras: readonly NamedLora[]
}

/** `lyco` is how LyCORIS files were called before A1111 took them for LoRAs. */
const tag = /<(?:lora|lyco):([^:<>]+)((?::[^:<>]*)*)>/g
const most = 10

/**
 * Takes `<lora:name:0.7>` out of a prompt, as A1111 does: what is left is not changed, blanks and commas included. No
 * number is 1; two are the strength in the text encoders and that in the UNet, which may also be named (`te=`, `unet=`).
 * Throws `UserError` where a strength is no number from -10 to 10.
 */
export function extraNetworks(prompt: string): ExtraNetworks {
  const loras = Array.from(prompt.matchAll(tag), ([whole, name = '', rest = '']) => {
    const given = rest.split(':').slice(1)
    const named = (key: string) => given.find(each => each.startsWith(`${key}=`))?.slice(key.length + 1)
    const [first, second] = given.filter(each => !each.includes('='))
    const textStrength = numberOf(named('te') ?? first, whole) ?? 1
    const strength = numberOf(named('unet') ?? second, whole) ?? textStrength
    return { name: name.trim(), strength, ...(textStrength !== strength && { textStrength }) }
  })
  return { text: loras.length === 0 ? prompt : prompt.replaceAll(tag, ''), loras }
}

function numberOf(text: string | undefined, whole: string): number | undefined {
  if (text === undefined) return undefined
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (Math.abs(value) <= most) return value
  throw new UserError(
    `${whole} does not say how strong it is.`,
    `Write a number from -${most} to ${most}: <lora:name:0.7>.`,
  )
}
