import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { UserError } from '../models/errors.ts'
import { isAlive } from './alive.ts'

/** Who holds a data folder. A number of a process is used again; together with when it began it is not. */
const holder = z.object({ pid: z.int(), began: z.string(), url: z.string().exactOptional() })
type Holder = z.infer<typeof holder>

export interface Lock {
  /** Says where the studio can be found, for those who come second. */
  tell(url: string): Promise<void>
  release(): Promise<void>
}

/** Milliseconds that a lock may be empty: somebody is just writing it. */
const patience = 1000

/**
 * Takes a data folder for this process. What a dead process holds is taken over. Throws UserError where another studio
 * uses the folder, or it cannot be written.
 */
export async function lockData(data: string): Promise<Lock> {
  const path = join(data, 'studio.lock')
  const own: Holder = { pid: process.pid, began: await beganAt(process.pid) }
  try {
    await mkdir(data, { recursive: true })
    while (!(await took(path, own))) await makeWay(path)
  } catch (error) {
    throw understood(data, error)
  }
  return {
    tell: url => write(path, { ...own, url }, 'w'),
    async release() {
      const text = await readFile(path, 'utf8').catch(() => '')
      if (isSameHolder(parse(text), own)) await rm(path, { force: true })
    },
  }
}

async function took(path: string, own: Holder): Promise<boolean> {
  try {
    await write(path, own, 'wx')
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

async function write(path: string, content: Holder, flag: 'w' | 'wx'): Promise<void> {
  const file = await open(path, flag)
  try {
    await file.writeFile(JSON.stringify(content))
  } finally {
    await file.close()
  }
}

/** Throws where the lock's holder lives, and clears the lock away where it does not. */
async function makeWay(path: string): Promise<void> {
  const text = await content(path)
  if (text === undefined) return
  const found = parse(text)
  if (found && (await lives(found))) throw inUse(found)
  // Whoever is first moves it; what was moved is looked at again, as somebody else may have been faster still.
  const aside = `${path}.${crypto.randomUUID()}`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  const moved = await readFile(aside, 'utf8')
  if (moved !== text) await rename(aside, path)
  else await rm(aside, { force: true })
}

/** The lock's text, waited for while it is being written; undefined where there is none any more. */
async function content(path: string): Promise<string | undefined> {
  for (let waited = 0; ; waited += 50) {
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text !== '' || waited >= patience) return text
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

const lives = async ({ pid, began }: Holder): Promise<boolean> => isAlive(pid) && began === (await beganAt(pid))

const isSameHolder = (a: Holder | undefined, b: Holder): boolean => a?.pid === b.pid && a.began === b.began

/** When a process began, as its system counts; empty where the system does not tell. */
async function beganAt(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The name of the program, in brackets, may hold anything.
  return status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

const inUse = ({ pid, url }: Holder): UserError =>
  new UserError(
    'Another Cicerone Studio uses this data folder.',
    `It runs as process ${pid}${url === undefined ? '' : ` at ${url}`}: use that one, close it, or choose another data folder.`,
  )

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'writing there is not allowed',
  EPERM: 'writing there is not allowed',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'it is a file, not a folder',
  ENOENT: 'there is no such place',
}

function understood(data: string, cause: unknown): unknown {
  if (!(cause instanceof Error && 'code' in cause && typeof cause.code === 'string')) return cause
  const why = reasons[cause.code] ?? `the system says ${cause.code}`
  const hint = cause.code === 'ENOSPC' ? 'Free some space.' : 'Choose another data folder with --data-dir.'
  return new UserError(`The data folder ${data} cannot be used: ${why}.`, hint, { cause })
}
