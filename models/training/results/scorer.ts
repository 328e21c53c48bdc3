import { copyFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ScorerConfig } from '../../networks/scorer/scorer.ts'
import type { TokenizerFiles } from '../../prompt/tokenizer.ts'
import { writeTensors } from '../../tensor/safetensors/write.ts'
import type { Trainees } from '../objectives/objective.ts'
import { type Provenance, provenanceMetadata } from './provenance.ts'

/** Key of the metadata that holds a scorer's configuration. */
export const scorerKey = 'cicerone.scorer'

/** The folder beside a scorer that says how its texts are cut. */
export const tokenizerFolder = 'tokenizer'

/** Writes a scorer's file with its tokenizer beside it, and gives its path. */
export async function saveScorer(
  path: string,
  weights: Trainees,
  provenance: Provenance,
  { config, tokenizer }: { config: ScorerConfig; tokenizer: Required<TokenizerFiles> },
): Promise<string> {
  const folder = join(dirname(path), tokenizerFolder)
  await mkdir(folder, { recursive: true })
  await copyFile(tokenizer.vocab, join(folder, 'vocab.json'))
  await copyFile(tokenizer.merges, join(folder, 'merges.txt'))
  const metadata = { ...provenanceMetadata(provenance, 'unknown/scorer'), [scorerKey]: JSON.stringify(config) }
  await writeTensors(path, weights, metadata)
  return path
}
