import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { UserError } from '../../../models/errors.ts'
import { loadArt, packages } from './art.ts'
import { writePack } from './pack.ts'
import { openScenes } from './scenes.ts'
import { writeSheet } from './sheet.ts'

/** `npm run data:scenes -- OUT`: the training pictures of the demo family, see README.md beside this file. */
const usage =
  'npm run data:scenes -- OUT [--count N] [--seed S] [--size 128] [--style NAME] [--split train|held-out] [--art FOLDER]'

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      count: { type: 'string', default: '20000' },
      seed: { type: 'string', default: '0' },
      size: { type: 'string', default: '128' },
      style: { type: 'string' },
      split: { type: 'string', default: 'train' },
      art: { type: 'string', default: join(import.meta.dirname, '../../../data/emoji') },
    },
  })
  const { style, split, art } = values
  const [folder, ...others] = positionals
  if (folder === undefined || others.length > 0) throw new UserError('One folder to write to is needed.', usage)
  if (split !== 'train' && split !== 'held-out') throw new UserError('The split is train or held-out.', usage)
  const number = (name: 'count' | 'seed' | 'size', least: number): number => {
    const value = Number(values[name])
    if (!Number.isSafeInteger(value) || value < least) throw new UserError(`--${name} has to be a whole number.`, usage)
    return value
  }
  return {
    folder,
    art,
    options: { seed: number('seed', 0), size: number('size', 32), split, ...(style !== undefined && { style }) },
    count: number('count', 1),
  } as const
}

try {
  const { folder, art, options, count } = readOptions()
  const paint = await openScenes(await loadArt(art), options)
  const start = performance.now()
  await writePack(folder, paint, { ...options, count, packages }, done => {
    if (done % 6400 === 0) console.error(`${done} of ${count}`)
  })
  console.error(`${count} scenes in ${((performance.now() - start) / 1000).toFixed(1)} s`)
  const first = Array.from({ length: Math.min(count, 64) }, (_, i) => paint(i))
  await writeSheet(join(folder, 'sheet.png'), first, options.size)
} catch (cause) {
  if (!(cause instanceof UserError)) throw cause
  console.error(`${cause.message} ${cause.hint}`)
  process.exitCode = 1
}
