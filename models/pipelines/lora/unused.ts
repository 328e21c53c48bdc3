import { basename } from 'node:path'
import type { Lora } from './load.ts'

const shown = 3

/** What of each LoRA matches nothing in the base, one sentence each. */
export const unusedNotes = (loras: readonly Pick<Lora, 'path' | 'unused'>[]): string[] =>
  loras
    .filter(({ unused }) => unused.length > 0)
    .map(({ path, unused }) => {
      const names = unused.slice(0, shown).join(', ') + (unused.length > shown ? ', ...' : '')
      const count = `${unused.length} ${unused.length === 1 ? 'part' : 'parts'}`
      return `There is nothing in this base for ${count} of ${basename(path)}: ${names}.`
    })
