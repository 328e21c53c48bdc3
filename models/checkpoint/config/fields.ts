import { UserError } from '../../errors.ts'
import { shapeText } from '../../tensor/tensor.ts'
import type { NetworkPart } from '../checkpoint.ts'

/** No axis of a genuine weight is longer. */
const longestAxis = 1 << 20

const text = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 100).replaceAll(',', ', ')

/** The settings of a part's `config.json`, read with suspicion. Absent and null settings are as if not written. */
export class Fields {
  private readonly part: NetworkPart

  constructor(part: NetworkPart) {
    this.part = part
  }

  /** The raw value, undefined where it is absent or null. */
  get(field: string): unknown {
    return this.part.config?.[field] ?? undefined
  }

  /** A whole number in a range, or the fallback. */
  integer(field: string, fallback: number, least: number, most: number): number {
    const value = this.get(field) ?? fallback
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
    throw this.wrong(field, `a whole number from ${least} to ${most} is needed`)
  }

  /** A finite number in a range, or the fallback. */
  number(field: string, fallback: number, least: number, most: number): number {
    const value = this.get(field) ?? fallback
    if (typeof value === 'number' && value >= least && value <= most) return value
    throw this.wrong(field, `a number from ${least} to ${most} is needed`)
  }

  /** One of some words, or the fallback. */
  word<T extends string>(field: string, fallback: T, words: readonly T[]): T {
    const value = this.get(field) ?? fallback
    const word = words.find(known => known === value)
    if (word !== undefined) return word
    throw this.wrong(field, `only ${words.join(' and ')} are supported`)
  }

  /** Refuses a setting that says something else than the tensors. */
  agree(field: string, fromTensors: unknown): void {
    const value = this.get(field)
    if (value === undefined || JSON.stringify(value) === JSON.stringify(fromTensors)) return
    throw this.wrong(field, `the tensors say ${text(fromTensors)}`)
  }

  /** Refuses settings other than those that the networks are built for; the first of each list is the usual one. */
  support(table: Readonly<Record<string, readonly unknown[]>>): void {
    for (const [field, supported] of Object.entries(table)) {
      const value = this.get(field)
      if (value === undefined || supported.includes(value)) continue
      throw this.wrong(field, `only ${supported.map(text).join(' and ') || 'null'} is supported`)
    }
  }

  /** The error for a setting. */
  wrong(field: string, why: string): UserError {
    return new UserError(`${this.part.name}/config.json: ${field} is ${text(this.get(field))}, but ${why}.`)
  }
}

/**
 * Shape of a parameter by its diffusers name.
 * @throws UserError where the part lacks it, or it has another number of axes, or an axis of absurd length
 */
export const shapeOf = ({ table, keyOf }: NetworkPart, name: string, axes: number): readonly number[] => {
  const entry = table.get(name)
  if (!entry) throw new UserError(`The model lacks ${keyOf(name)}.`)
  if (entry.shape.length === axes && entry.shape.every(n => n > 0 && n <= longestAxis)) return entry.shape
  throw new UserError(`${entry.key} has the wrong shape ${shapeText(entry.shape)}: ${axes} axes are needed.`)
}

/** Refuses channels that cannot be split into groups or heads. */
export const requireDivides = (part: NetworkPart, what: string, parts: number, channels: number): void => {
  if (channels % parts === 0) return
  throw new UserError(`The ${part.name} has ${channels} channels, which ${parts} ${what} do not divide.`)
}
