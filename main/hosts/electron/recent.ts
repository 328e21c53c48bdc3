import { z } from 'zod'
import type { Services } from '../../../preload/contract/index.ts'

const key = 'desktop.recent'
const most = 10
const listed = z.array(z.string())

/** Files and folders that were looked at last, the newest first; kept from one start to the next. */
export interface Recent {
  readonly paths: readonly string[]
  add(path: string): void
  clear(): void
}

/** `changed` is called when the list has changed. */
export async function openRecent(system: Services['system'], changed: () => void): Promise<Recent> {
  const kept = listed.safeParse(await system.recall({ key }))
  let paths: readonly string[] = kept.success ? kept.data.slice(0, most) : []
  const set = (value: readonly string[]) => {
    paths = value
    changed()
    void system.keep({ key, value }).catch(() => undefined)
  }
  return {
    get paths() {
      return paths
    },
    add: path => set([path, ...paths.filter(each => each !== path)].slice(0, most)),
    clear: () => set([]),
  }
}
