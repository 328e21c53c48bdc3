import { type FileHandle, open } from 'node:fs/promises'
import { readHeader } from '../../models/tensor/safetensors/header.ts'
import { readAt } from '../../models/tensor/safetensors/open.ts'

/** Bytes of a sample, and how many are taken of a file: their gaps are smaller than any network of a model. */
const sampleBytes = 64 * 1024
const samples = 64

/**
 * Whether two models of the same size are made of the same bytes: their files are the same ones on disk, or have the same
 * headers and the same bytes in samples from their first to their last. The order of both lists is that of the model's
 * components. What cannot be read is not the same.
 */
export async function areSame(some: readonly string[], others: readonly string[]): Promise<boolean> {
  if (some.length !== others.length) return false
  for (const [i, path] of some.entries())
    if (!(await isSame(path, others[i] as string).catch(() => false))) return false
  return true
}

async function isSame(path: string, other: string): Promise<boolean> {
  const [a, b] = [await open(path), await open(other).catch(() => undefined)]
  try {
    if (!b) return false
    const [one, two] = await Promise.all([a, b].map(file => file.stat({ bigint: true })))
    if (!one || !two || one.size !== two.size) return false
    // Some file systems number nothing
    if (one.ino !== 0n && one.ino === two.ino && one.dev === two.dev) return true
    const { dataStart, size } = await readHeader(path)
    const last = Math.max(dataStart, size - sampleBytes)
    const positions = Array.from({ length: samples }, (_, i) =>
      Math.floor(dataStart + ((last - dataStart) * i) / (samples - 1)),
    )
    if (!(await isSamePart(a, b, 0, dataStart))) return false
    for (const position of new Set(positions)) if (!(await isSamePart(a, b, position, sampleBytes))) return false
    return true
  } finally {
    await Promise.all([a.close(), b?.close()])
  }
}

/** Whether `bytes` from `position` on, or what there is of them, are the same in both. */
async function isSamePart(a: FileHandle, b: FileHandle, position: number, bytes: number): Promise<boolean> {
  const [one, two] = [Buffer.alloc(bytes), Buffer.alloc(bytes)]
  await Promise.all([readAt(a, one, position), readAt(b, two, position)])
  return one.equals(two)
}
