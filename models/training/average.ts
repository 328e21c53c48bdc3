import type { Told } from './step.ts'

/** The mean of each number over several batches. */
export function average(all: readonly Told[]): Record<string, number> {
  const [first = {}] = all
  const mean = (name: string) => all.reduce((sum, told) => sum + (told[name] as number), 0) / all.length
  return Object.fromEntries(Object.keys(first).map(name => [name, mean(name)]))
}
