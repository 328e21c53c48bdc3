import type { Command } from 'commander'

/** Every command by its name: one file and one line here. Only the file of the one that is called is loaded. */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  generate: async () => (await import('./generate.ts')).generate(),
  inspect: async () => (await import('./inspect.ts')).inspect(),
  'inspect-guide': async () => (await import('./inspect-guide.ts')).inspectGuide(),
  import: async () => (await import('./import.ts')).importModels(),
  models: async () => (await import('./models.ts')).models(),
  remove: async () => (await import('./remove.ts')).remove(),
  gallery: async () => (await import('./gallery.ts')).gallery(),
  doctor: async () => (await import('./doctor.ts')).doctor(),
  bench: async () => (await import('./bench.ts')).bench(),
  train: async () => (await import('./train.ts')).train(),
  pair: async () => (await import('./pair.ts')).pair(),
  evaluate: async () => (await import('./evaluate.ts')).evaluate(),
  serve: async () => (await import('./serve.ts')).serve(),
}
