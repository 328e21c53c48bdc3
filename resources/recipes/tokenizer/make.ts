import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { UserError } from '../../../models/errors.ts'
import { readMerges } from '../../../models/prompt/vocabulary.ts'
import { writeTokenizer } from './small.ts'

/**
 * `npm run data:tokenizer -- OUT PACK... [--positions 24]`: the demo family's tokenizer, CLIP's with only the entries that
 * the captions of these packs of scenes need.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { positions: { type: 'string', default: '24' } },
})
const [folder, ...packs] = positionals

try {
  if (folder === undefined || packs.length === 0)
    throw new UserError('A folder to write to and packs to read are needed.', 'npm run data:tokenizer -- OUT PACK...')
  const captions = new Set<string>()
  for (const pack of packs)
    for (const line of (await readFile(join(pack, 'captions.jsonl'), 'utf8')).trimEnd().split('\n'))
      captions.add((JSON.parse(line) as { caption: string }).caption)
  const merges = await readMerges(join(import.meta.dirname, '../../tokenizer/merges.txt'))
  const { entries, longest } = await writeTokenizer(folder, merges, [...captions], Number(values.positions))
  console.error(`${entries} entries; the longest of ${captions.size} captions has ${longest} tokens`)
} catch (cause) {
  if (!(cause instanceof UserError)) throw cause
  console.error(`${cause.message} ${cause.hint}`)
  process.exitCode = 1
}
