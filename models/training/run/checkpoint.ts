import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { readHeader } from '../../tensor/safetensors/header.ts'
import { readTensor } from '../../tensor/safetensors/read.ts'
import { writeTensors } from '../../tensor/safetensors/write.ts'
import { type F32Tensor, f32, shapeText } from '../../tensor/tensor.ts'
import type { Weights } from '../weights.ts'

const progress = z.object({
  /** Updates of the weights so far. */
  step: z.int().min(0),
  /** Seconds of training so far. */
  seconds: z.number().min(0),
  /** Threads of the arithmetic, which the numbers depend on. */
  threads: z.int().min(1),
})

export type RunProgress = z.infer<typeof progress>

const key = 'cicerone.run'
/** The one before the last stays, in case that the last turns out to be bad. */
const kept = 2
const pattern = /^step-(\d+)[.]safetensors$/

/** All numbers that a run goes on from, as a tensor for each name. */
const parts = ['weights', 'ema', 'mean', 'square'] as const

/** Writes a checkpoint whole or not at all, then removes all but the last. Throws `UserError` where the disk is full. */
export async function writeCheckpoint(folder: string, weights: Weights, state: RunProgress): Promise<void> {
  const tensors = new Map<string, F32Tensor>()
  for (const { name, shape, ...own } of weights.tensors)
    for (const part of parts) tensors.set(`${part}/${name}`, f32(own[part], shape))
  const name = `step-${String(state.step).padStart(8, '0')}.safetensors`
  await writeTensors(join(folder, name), tensors, { [key]: JSON.stringify(state) })
  const all = await list(folder)
  for (const old of all.slice(0, -kept)) await rm(join(folder, old), { force: true })
}

/** A checkpoint that is there. */
export interface FoundCheckpoint {
  readonly state: RunProgress
  /** Takes everything over. Throws `UserError` where it is damaged, or of other weights. */
  fill(weights: Weights): Promise<void>
}

/** The step of the last checkpoint; 0 where there is none. */
export async function lastStep(folder: string): Promise<number> {
  const all = await list(folder).catch(() => [])
  return Number(pattern.exec(all.at(-1) ?? '')?.[1] ?? 0)
}

/** The last checkpoint; nothing where there is none. Throws `UserError` where it cannot be read. */
export async function lastCheckpoint(folder: string): Promise<FoundCheckpoint | undefined> {
  const last = (await list(folder)).at(-1)
  if (last === undefined) return undefined
  const path = join(folder, last)
  const { entries, metadata } = await readHeader(path)
  const state = progress.safeParse(parsed(metadata[key] ?? ''))
  if (!state.success) throw new UserError(`${path} is no checkpoint of a run.`, other)
  return {
    state: state.data,
    async fill(weights) {
      for (const { name, shape, ...own } of weights.tensors)
        for (const part of parts) {
          const entry = entries.get(`${part}/${name}`)
          if (entry?.dtype !== 'f32' || shapeText(entry.shape) !== shapeText(shape))
            throw new UserError(`${path} does not hold ${name} as this run has it.`, other)
          own[part].set((await readTensor(entry)).data as Float32Array)
        }
    },
  }
}

const other = 'Delete it to go on from the one before, or start a new run.'

/** The checkpoints of a run, oldest first. */
const list = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter(name => pattern.test(name)).toSorted()

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
