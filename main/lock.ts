import { access, constants, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { UserError } from '../models/errors.ts'
import { isAlive } from './alive.ts'
import { databaseFile, hold } from './database/hold.ts'

/** Who holds a data folder, for those who come second. Whether somebody does, only `hold` says. */
const holder = z.object({ pid: z.int(), url: z.string().exactOptional() })
type Holder = z.infer<typeof holder>

export interface Lock {
  /** Says where the studio can be found, for those who come second. */
  tell(url: string): Promise<void>
  release(): Promise<void>
}

/** How long to wait for a command that holds the folder to bring its database up to date, in milliseconds. */
const patience = 2000

/**
 * Takes a data folder for this process, until it ends. Throws UserError where another studio uses the folder, or it
 * cannot be written.
 */
export async function lockData(data: string): Promise<Lock> {
  const path = join(data, 'studio.lock')
  const say = (more: Partial<Holder> = {}) => writeFile(path, JSON.stringify({ pid: process.pid, ...more }))
  try {
    await mkdir(data, { recursive: true })
    await access(data, constants.W_OK)
    const letGo = await take(data, path)
    const release = async () => {
      await rm(path, { force: true }).catch(() => undefined)
      letGo()
    }
    await say().catch(async error => {
      await release()
      throw error
    })
    return { tell: url => say({ url }), release }
  } catch (error) {
    throw understood(data, error)
  }
}

async function take(data: string, path: string): Promise<() => void> {
  for (let waited = 0; ; waited += 50) {
    const letGo = hold(databaseFile(data))
    if (letGo) return letGo
    // Commands do not say that they hold it, and are done soon; nor has a studio said so that is just starting.
    const found = parse(await readFile(path, 'utf8').catch(() => ''))
    const lives = found !== undefined && isAlive(found.pid)
    if (lives || waited >= patience) throw inUse(lives ? found : undefined)
    await wait(50)
  }
}

function parse(text: string): Holder | undefined {
  try {
    return holder.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

function inUse(found: Holder | undefined): UserError {
  const where = found
    ? `It runs as process ${found.pid}${found.url === undefined ? '' : ` at ${found.url}`}: use`
    : 'Use'
  return new UserError(
    'Another Cicerone Studio uses this data folder.',
    `${where} that one, close it, or choose another data folder.`,
  )
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'writing there is not allowed',
  EPERM: 'writing there is not allowed',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'it is a file, not a folder',
  ENOENT: 'there is no such place',
}

/** The fault of a file system as one that a person can mend; any other as it is. */
export function understood(data: string, cause: unknown): unknown {
  if (!(cause instanceof Error && 'code' in cause && typeof cause.code === 'string')) return cause
  const why = reasons[cause.code] ?? `the system says ${cause.code}`
  const hint = cause.code === 'ENOSPC' ? 'Free some space.' : 'Choose another data folder with --data-dir.'
  return new UserError(`The data folder ${data} cannot be used: ${why}.`, hint, { cause })
}
