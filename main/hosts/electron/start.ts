import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dataFolder } from '../../paths.ts'

/** What the desktop studio was started with. */
export interface Start {
  /** Data folder. */
  readonly data: string
  /** Absolute paths of files and folders to open. */
  readonly paths: readonly string[]
  /** What it is started with again: all but the files. */
  readonly switches: readonly string[]
}

const dataFlag = '--data-dir='

/**
 * Reads `[--data-dir=FOLDER] [FILE]...` from a command line; other switches are Chromium's. In a checkout the folder of
 * the program stands before them (`inCheckout`).
 */
export function startOf(argv: readonly string[], cwd: string, inCheckout: boolean): Start {
  const given = argv.slice(inCheckout ? 2 : 1)
  const isFile = (each: string) => each !== '' && !each.startsWith('-')
  const data = given.find(each => each.startsWith(dataFlag))?.slice(dataFlag.length)
  return {
    data: resolve(cwd, dataFolder(data)),
    paths: given.filter(isFile).flatMap(each => pathOf(each, cwd)),
    switches: [...argv.slice(1, inCheckout ? 2 : 1), ...given.filter(each => !isFile(each))],
  }
}

/** The system's file manager may hand a file over by its address; other addresses are none of the studio. */
function pathOf(given: string, cwd: string): string[] {
  if (!/^(file:|[a-z][a-z\d+.-]+:\/\/)/i.test(given)) return [resolve(cwd, given)]
  try {
    return [fileURLToPath(given)]
  } catch {
    return []
  }
}
