import { UserError } from '../../models/errors.ts'

/** The file is no whole database. */
export class DamagedError extends Error {
  override readonly name = 'DamagedError'
}

const reasons: readonly [code: string, why: string, hint: string][] = [
  ['SQLITE_FULL', 'the disk is full', 'Free some space and try again.'],
  ['SQLITE_READONLY', 'writing there is not allowed', 'Choose another data folder, or make it writable.'],
  ['SQLITE_BUSY', 'another program holds it', 'Close the other program and try again.'],
  ['SQLITE_LOCKED', 'another program holds it', 'Close the other program and try again.'],
  ['SQLITE_CANTOPEN', 'it cannot be opened', 'Check the data folder and whether you may write there.'],
  ['SQLITE_PERM', 'it may not be opened', 'Check the data folder and whether you may write there.'],
  ['SQLITE_IOERR', 'the disk does not read or write as it should', 'Check the disk.'],
  ['SQLITE_NOMEM', 'there is too little memory', 'Close other programs and try again.'],
]

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** Turns what SQLite throws into what a person can do something about; everything else is passed through. */
export function understood(error: unknown, file: string): unknown {
  const code = codeOf(error)
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return new DamagedError(String(error), { cause: error })
  const [, why, hint] = reasons.find(([start]) => code.startsWith(start)) ?? []
  return why === undefined
    ? error
    : new UserError(`The database ${file} cannot be used: ${why}.`, hint, { cause: error })
}
