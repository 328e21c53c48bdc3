import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import envPaths from 'env-paths'

const resources = fileURLToPath(new URL('../resources/', import.meta.url))

/** What ships with the studio. */
export const shipped = {
  demo: join(resources, 'models', 'demo'),
  /** A guide for the demo model and its fine-tunes. */
  guide: join(resources, 'models', 'demo-guide.safetensors'),
  /** CLIP's own merges, for bases that bring no tokenizer. */
  merges: join(resources, 'tokenizer', 'merges.txt'),
  /** Recipes of training by name, `NAME.json`. */
  recipes: join(resources, 'recipes'),
  /** What evaluations look at by name, `NAME.json`. */
  suites: join(resources, 'suites'),
  /** Lists of prompts by name, `NAME.txt`. */
  prompts: join(resources, 'prompts'),
} as const

const own = () => envPaths('Cicerone Studio', { suffix: '' })

/** The person's data: the system's own place, or the one that is given. */
export const dataFolder = (given?: string): string => given ?? own().data

/** The system's own place for what is found out about this computer, and may be found out again. */
export const cacheFolder = (): string => own().cache
