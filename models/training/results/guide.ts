import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { GuideFacts } from '../../checkpoint/guide-metadata.ts'
import { guideMetadata } from '../../checkpoint/guide-metadata.ts'
import type { GuideKindName } from '../../networks/guide/index.ts'
import type { GuideConfig } from '../../networks/guide/kind.ts'
import { writeTensors } from '../../tensor/safetensors/write.ts'
import type { Trainees } from '../objectives/objective.ts'
import { modelspec, type Provenance, told } from './provenance.ts'

interface Made {
  readonly kind: GuideKindName
  readonly config: GuideConfig
  readonly base: GuideFacts['base']
  readonly guidance: readonly [number, number]
  readonly steps?: readonly [number, number]
}

/** Writes a guide's file, and gives its path. */
export async function saveGuide(
  path: string,
  weights: Trainees,
  provenance: Provenance,
  { kind, config, base, guidance, steps }: Made,
): Promise<string> {
  const { scores, ...recipe } = told(provenance)
  const facts: GuideFacts = { base, guidance, ...(steps && { steps }), recipe, scores }
  await mkdir(dirname(path), { recursive: true })
  await writeTensors(path, weights, guideMetadata({ kind, modules: config.modules, facts }, modelspec(provenance)))
  return path
}
