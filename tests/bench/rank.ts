/** Whether the pairing score ranks bases as pictures do: node tests/bench/rank.ts [FAMILY [PICTURES]] */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shipped } from '../../main/paths.ts'
import { makeBases, rankBases, spearman } from '../support/rank.ts'

const [family, pictures = '24'] = process.argv.slice(2)
const folder = await mkdtemp(join(tmpdir(), 'cicerone-rank-'))
try {
  const bases = await makeBases(folder, { demo: shipped.demo, tune: family && join(family, 'tune') })
  const ranked = await rankBases(bases, shipped.guide, { folder, pictures: Number(pictures), steps: 16 })
  console.log('| base | pairing score | recovery in pictures | seconds of the score |\n|---|---|---|---|')
  for (const { name, score, evaluated, seconds } of ranked.toSorted((a, b) => b.evaluated - a.evaluated))
    console.log(`| ${name} | ${score.toFixed(3)} | ${evaluated.toFixed(3)} | ${seconds.toFixed(1)} |`)
  const of = (which: 'score' | 'evaluated') => ranked.map(each => each[which])
  console.log(`Spearman's rank correlation: ${spearman(of('score'), of('evaluated')).toFixed(2)}`)
} finally {
  await rm(folder, { recursive: true, force: true })
}
