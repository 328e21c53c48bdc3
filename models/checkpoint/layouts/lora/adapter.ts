import { z } from 'zod'

/** Where diffusers (from 0.34 on) keeps PEFT's configuration of each network, as one table: `unet.lora_alpha`... */
const key = 'lora_adapter_metadata'

const table = z.record(z.string(), z.unknown())
const numbers = z.record(z.string(), z.number())

/** What a change is multiplied by as its file's metadata says it; undefined where they say nothing. */
export type AdapterScale = (network: string, path: string, rank: number) => number | undefined

/** Reads PEFT's configuration from a file's metadata: alpha, another for some layers, and whether it is divided by the rank's root. */
export function adapterScale(metadata: Readonly<Record<string, string>>): AdapterScale {
  const told = table.safeParse(parsed(metadata[key])).data ?? {}
  return (network, path, rank) => {
    const own = numbers.safeParse(told[`${network}.alpha_pattern`]).data ?? {}
    const pattern = Object.keys(own).find(name => `.${path}`.endsWith(`.${name}`))
    const alpha = z.number().safeParse(pattern === undefined ? told[`${network}.lora_alpha`] : own[pattern]).data
    if (alpha === undefined) return undefined
    return alpha / (told[`${network}.use_rslora`] === true ? Math.sqrt(rank) : rank)
  }
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
