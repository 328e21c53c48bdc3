import { resolve } from 'node:path'
import { dataFolder } from '../../paths.ts'

/** What the desktop studio was started with. */
export interface Start {
  /** Data folder. */
  readonly data: string
  /** Absolute paths of files and folders to open. */
  readonly paths: readonly string[]
}

const dataFlag = '--data-dir='

/**
 * Reads `[--data-dir=FOLDER] [FILE]...` from a command line; other switches are Chromium's. In a checkout the folder of
 * the program stands before them (`inCheckout`).
 */
export function startOf(argv: readonly string[], cwd: string, inCheckout: boolean): Start {
  const given = argv.slice(inCheckout ? 2 : 1)
  const data = given.find(each => each.startsWith(dataFlag))?.slice(dataFlag.length)
  return {
    data: resolve(cwd, dataFolder(data)),
    paths: given.filter(each => each !== '' && !each.startsWith('-')).map(each => resolve(cwd, each)),
  }
}
