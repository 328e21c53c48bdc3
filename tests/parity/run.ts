import { existsSync, globSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { packed } from '../support/fixtures.ts'
import { unpack } from '../support/unpack.ts'
import { checkers } from './checkers.ts'
import { failed, type ParityResult, skipped } from './result.ts'

/**
 * `npm run parity -- FOLDER`: runs every case found below a folder of fixtures (by its case.json), prints the
 * largest error of each thing against its tolerance, and ends with 1 where one is over, 2 without a folder.
 */
async function main(folder: string | undefined): Promise<number> {
  if (folder === undefined || !existsSync(folder)) {
    console.error('usage: npm run parity -- FOLDER   (a folder that holds case.json, or folders that do)')
    return 2
  }
  const work = await mkdtemp(join(tmpdir(), 'cicerone-parity-'))
  try {
    const results: ParityResult[] = []
    for (const found of globSync('**/case.json', { cwd: folder }).toSorted()) {
      for (const result of await checkCase(resolve(folder, dirname(found)), work)) {
        print(result)
        results.push(result)
      }
    }
    return summary(results)
  } finally {
    await rm(work, { recursive: true })
  }
}

/** The folder itself, or an unpacked copy below `work` where something in it is packed. */
function prepared(folder: string, work: string): string {
  if (globSync('**/*.{gz,br}', { cwd: folder }).length === 0) return folder
  const copy = join(work, folder.replaceAll(/\W+/g, '-'))
  unpack(folder, copy)
  return copy
}

async function checkCase(place: string, work: string): Promise<ParityResult[]> {
  const { maker, name = basename(place) } = JSON.parse(readFileSync(join(place, 'case.json'), 'utf8'))
  const checker = checkers[maker ?? name]
  if (!checker) return [skipped(name, `Cases of the kind ${maker ?? name} are not supported yet.`)]
  // The base that a case was recorded with lies beside it, or is one of the project's own fixtures.
  const find = (wanted: string) => {
    const found = [join(place, '..', wanted), join(packed, wanted)].find(path => existsSync(path))
    return found && prepared(found, work)
  }
  try {
    return await checker(prepared(place, work), find)
  } catch (error) {
    return [failed(name, error instanceof Error ? error.message : String(error))]
  }
}

function print({ name, status, largest, tolerance, reason }: ParityResult): void {
  const numbers = largest === undefined ? '' : ` ${largest.toExponential(2)} of ${tolerance?.toExponential(2)}`
  console.log(`${status.padEnd(7)} ${name}${numbers}${reason === undefined ? '' : `: ${reason}`}`)
}

function summary(results: readonly ParityResult[]): number {
  const count = (status: ParityResult['status']) => results.filter(result => result.status === status).length
  console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`)
  if (results.length === 0) console.error('There is no case.json in this folder.')
  return count('failed') > 0 || results.length === 0 ? 1 : 0
}

process.exitCode = await main(process.argv[2])
