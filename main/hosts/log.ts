import { mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'

const largest = 5 * 2 ** 20

/** The studio's log, `DATA/studio.log`: only what went wrong. One that has grown large is kept as `studio.log.old`. */
export function openLog(data: string): Logger {
  const dest = join(data, 'studio.log')
  mkdirSync(data, { recursive: true })
  if ((statSync(dest, { throwIfNoEntry: false })?.size ?? 0) > largest) renameSync(dest, `${dest}.old`)
  // Written at once: what is logged last before a crash is what is wanted most.
  return pino({ level: 'warn' }, pino.destination({ dest, sync: true }))
}
