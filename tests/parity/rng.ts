import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Generator } from '../../models/tensor/random.ts'
import { elements } from '../../models/tensor/tensor.ts'
import { loadTensors } from '../support/safetensors.ts'
import { failed, judged, largestError, type ParityResult, skipped } from './result.ts'

interface Case {
  seeds: number[]
  shapes: number[][]
  sequences: { seed: number; sizes: number[] }[]
  expected: Record<string, unknown>
  tolerance: { atol: number }
}

/** Compares the random generator with what torch drew: single draws, runs of draws from one generator, raw numbers. */
export async function check(folder: string): Promise<ParityResult[]> {
  const made: Case = JSON.parse(await readFile(join(folder, 'case.json'), 'utf8'))
  const draws = new Map<string, ArrayLike<number>>()
  for (const seed of made.seeds) {
    for (const shape of made.shapes) {
      draws.set(`seed${seed}.${shape.join('x')}`, new Generator(seed).normals(elements(shape)))
    }
  }
  for (const [i, { seed, sizes }] of made.sequences.entries()) {
    const generator = new Generator(seed)
    for (const [j, size] of sizes.entries()) draws.set(`sequence${i}.${j}`, generator.normals(size))
  }
  const results: ParityResult[] = []
  for (const file of Object.keys(made.expected)) {
    try {
      for (const [name, { data }] of await loadTensors(join(folder, file))) {
        const normals = draws.get(name)
        const got = normals ?? raw(name, data.length)
        draws.delete(name)
        // Words and uniforms are whole numbers and their shares of 2^24: exact, or wrong.
        const tolerance = normals ? made.tolerance.atol : 0
        if (!got) results.push(skipped(name, 'This kind of draw is not known.'))
        else results.push(judged(name, largestError(got, Float64Array.from(data, Number)), tolerance))
      }
    } catch (error) {
      results.push(failed(file, `The file cannot be read: ${error}`))
    }
  }
  for (const name of draws.keys()) results.push(failed(name, 'No file has the expected numbers.'))
  return results
}

/** `torch.rand` and `torch.randint(2^32)`, which takes the low half of 64 bits. */
function raw(name: string, count: number): ArrayLike<number> | undefined {
  const [, seed, kind] = /^seed(\d+)\.(uniform|randint32)/.exec(name) ?? []
  const generator = new Generator(Number(seed))
  if (kind === 'uniform') return generator.uniforms(count)
  if (kind === 'randint32') return Array.from({ length: count }, () => [generator.word(), generator.word()].at(-1) ?? 0)
  return undefined
}
