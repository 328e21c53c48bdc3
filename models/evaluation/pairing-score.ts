import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { multiplications } from '../graph/arithmetic.ts'
import type { Pipeline } from '../pipelines/assemble.ts'
import type { CancelSignal } from '../pipelines/cancel.ts'
import type { Guide } from '../pipelines/guide.ts'
import { nativeCells } from '../pipelines/native-cells.ts'
import { examinePass } from '../pipelines/pairing.ts'
import { generatorAt, normals, stream } from '../training/random.ts'
import { NearnessSums } from './states/nearness.ts'
import { openStates } from './states/open.ts'
import { follow } from './states/ways.ts'

/** How well a guide does on a base, from a few small latents. */
export interface PairingScore {
  /**
   * How much of CFG the guide recovers: of the squared distance between where no guidance and CFG lead the same noise, the
   * share that is gone. 1 is CFG, 0 no better than no guidance; less than that is worse.
   */
  readonly recovery: number
  /** Normalised guidance error along CFG's way: 0 is CFG, 1 is no guidance. */
  readonly error: number
  /** The guidance scale that acts there where `guidance` is asked for. */
  readonly effectiveGuidance: number
  readonly guidance: number
  /** Latents that were followed. */
  readonly latents: number
}

/** What is asked for; a guide is trained for scales around it. */
const guidance = 4
const steps = 8
/** Nothing large: a latent this small shows what a base does, in a ninth of the time of one of 64 cells at most. */
const mostCells = 24
const mostLatents = 8
/** Multiplications that all passes together may take, some ten seconds of two cores; one latent is the least. */
const budget = 1e12
/** Both predictions and the guide's on CFG's way, the guide's on its own, one without guidance. */
const passesPerStep = 5

interface PairingOptions {
  /** Prompts to follow, each with noise of its own; no more than needed are read. */
  readonly prompts: readonly string[]
  readonly signal?: CancelSignal | undefined
}

/**
 * Scores a guide on a base: follows a few latents from the same noise by CFG, by the guide and without guidance.
 * Not to be mixed up with `pair`, which says from the headers whether a guide fits at all.
 */
export async function pairingScore(
  pipeline: Pipeline,
  guide: Guide,
  { prompts, signal }: PairingOptions,
): Promise<PairingScore> {
  await using closing = new AsyncDisposableStack()
  const cache = await mkdtemp(join(tmpdir(), 'cicerone-pairing-'))
  closing.defer(() => rm(cache, { recursive: true, force: true }))
  const native = nativeCells(pipeline.base)
  const cells = Math.min(native, mostCells)
  const pass = multiplications({ prediction: examinePass(pipeline.base) }) * (cells / native) ** 2
  const latents = Math.max(1, Math.min(mostLatents, Math.floor(budget / (pass * steps * passesPerStep))))
  const chosen = Array.from({ length: latents }, (_, i) => prompts[i % prompts.length] as string)
  const { journey, size } = await openStates({
    ...{ pipeline, guide, cells, cache, closing, signal },
    texts: ['', ...chosen],
  })
  const own = journey(
    chosen.map((_, i) => ({ positive: i + 1, negative: 0 })),
    guidance,
    steps,
  )
  const noise = normals(generatorAt(0, stream.noise), latents * size)
  const sums = new NearnessSums()
  const cfg = await follow(own, noise, 'cfg', said => sums.add(said, guidance))
  const distance = (ends: Float32Array) => ends.reduce((sum, value, i) => sum + (value - (cfg[i] as number)) ** 2, 0)
  const left = distance(await follow(own, noise, 'guide')) / distance(await follow(own, noise, 'none'))
  const near = sums.value
  // A base that heeds no prompt has no guidance to recover.
  if (!near) return { recovery: 0, error: 1, effectiveGuidance: 1, guidance, latents }
  return { recovery: 1 - left, error: near.error, effectiveGuidance: near.effectiveGuidance, guidance, latents }
}
