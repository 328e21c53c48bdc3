import { randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { UserError } from '../../models/errors.ts'
import { formatParameters, parametersKeyword } from './parameters.ts'
import { encodePng, type Picture } from './png.ts'
import { formatSettings, type PictureSettings, settingsKeyword } from './settings.ts'

/**
 * Writes a picture with its settings (as A1111's `parameters` and our own `cicerone`) to a PNG. Folders are made, an
 * older file of that name is replaced at one blow, and nothing is left behind where it fails. Same picture and
 * settings, same bytes. A place that cannot be written to is a UserError.
 */
export async function writePicture(path: string, picture: Picture, settings: PictureSettings): Promise<void> {
  const texts = new Map([
    [parametersKeyword, formatParameters(settings)],
    [settingsKeyword, formatSettings(settings)],
  ])
  await writeAtomically(path, await encodePng(picture, texts))
}

/**
 * Writes a file under a temporary name in the same folder, synced and renamed; from its first moment it has the time `modified`
 * where that is given. Folders are made. UserError as above.
 */
export async function writeAtomically(path: string, bytes: Uint8Array, modified?: Date): Promise<void> {
  const target = resolve(path)
  const temporary = join(dirname(target), temporaryName())
  try {
    await makeFolder(dirname(target))
    await refuseUnlessFile(path, target)
    await writeSynced(temporary, bytes, modified)
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw understood(path, error)
  }
}

async function writeSynced(path: string, bytes: Uint8Array, modified?: Date): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(bytes)
    if (modified) await file.utimes(modified, modified)
    await file.sync()
  } finally {
    await file.close()
  }
}

/**
 * Makes a folder and those above it, from the top, so that others may make the same at once. Node's own recursive form
 * never returns where the system makes none (`/proc`).
 */
async function makeFolder(path: string): Promise<void> {
  if (await isFolder(path)) return
  if (dirname(path) !== path) await makeFolder(dirname(path))
  try {
    await mkdir(path)
  } catch (error) {
    if (!(await isFolder(path))) throw error
  }
}

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() === true

/** It tells who is writing: `.cicerone-PID-UUID.part`. */
const temporaryName = (): string => `.cicerone-${process.pid}-${randomUUID()}.part`

/** Whether a file of this name was being written by a process that has ended since. Numbers of processes come again. */
export function isLeftover(name: string): boolean {
  const [, pid] = /^\.cicerone-(\d+)-[\da-f-]{36}\.part$/.exec(name) ?? []
  if (pid === undefined) return false
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
}

/** Throws the `UserError` that `writePicture` would throw, before hours have gone into the picture. Makes the folders. */
export async function requireWritable(path: string): Promise<void> {
  const target = resolve(path)
  const probe = join(dirname(target), temporaryName())
  try {
    await makeFolder(dirname(target))
    await refuseUnlessFile(path, target)
    await writeSynced(probe, new Uint8Array())
  } catch (error) {
    throw understood(path, error)
  } finally {
    await rm(probe, { force: true }).catch(() => undefined)
  }
}

/** A rename would put the file in the place of a device, too. */
async function refuseUnlessFile(path: string, target: string): Promise<void> {
  const found = await stat(target).catch(() => undefined)
  if (found?.isDirectory() || path.endsWith('/') || path.endsWith(sep))
    throw new UserError(`${path} is a folder.`, 'Add a file name to it.')
  if (found && !found.isFile()) throw new UserError(`${path} is not a file that can be replaced.`)
}

const reasons: Readonly<Record<string, [why: string, hint: string]>> = {
  ENOSPC: ['the disk is full', 'Free some space or choose another disk.'],
  EDQUOT: ['your share of the disk is used up', 'Free some space or choose another disk.'],
  EACCES: ['writing there is not allowed', 'Choose another folder.'],
  EPERM: ['writing there is not allowed', 'Choose another folder.'],
  EROFS: ['the disk is read-only', 'Choose another folder.'],
  ENOTDIR: ['a part of the path is a file, not a folder', 'Choose another folder.'],
  EEXIST: ['a part of the path is a file, not a folder', 'Choose another folder.'],
  EISDIR: ['it is a folder', 'Add a file name to it.'],
  ENOENT: ['there is no such place', 'Choose another folder.'],
  ENAMETOOLONG: ['the name is too long', 'Choose a shorter name.'],
}

function understood(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error && 'code' in cause && typeof cause.code === 'string')) return cause
  const [why, hint] = reasons[cause.code] ?? [`the system says ${cause.code}`, '']
  return new UserError(`The picture cannot be written to ${path}: ${why}.`, hint, { cause })
}
