import { mkdtempSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach } from 'vitest'
import { type App, openApp } from '../../main/app.ts'
import type { Engine } from '../../models/engine/engine.ts'
import { inProcessEngine } from '../../models/engine/in-process.ts'
import type { EventName } from '../../preload/contract/index.ts'
import type { Payload } from '../../preload/contract/wire.ts'

/** A request that costs little: the demo model at a small size. */
export const small = { prompt: 'a strawberry', steps: 2, width: 64, height: 64, method: 'none' } as const

/** Where things go that are moved to the system's trash, on Linux: not to the person's own. */
export const trashFolder = mkdtempSync(join(tmpdir(), 'cicerone-trash-'))
process.env.XDG_DATA_HOME = trashFolder
afterAll(() => rm(trashFolder, { recursive: true, force: true }))

/** What a test opens; closed and removed after it, the last first. */
const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean()
})

export const later = (clean: () => Promise<unknown>): void => void cleanups.push(clean)

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cicerone-app-'))
  later(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The studio on a data folder, with an engine on this thread unless another is given. */
export async function openStudio(data?: string, engine: Engine = inProcessEngine()): Promise<App & { data: string }> {
  const folder = data ?? (await temporaryFolder())
  later(() => engine.close())
  const app = await openApp({ data: folder, engine })
  later(() => app.close())
  return { ...app, data: folder }
}

/** Waits until `look` gives something. */
export async function until<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  seconds = 40,
): Promise<T> {
  const end = Date.now() + 1000 * seconds
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) throw new Error('It did not come to that.')
    await new Promise(resolve => setTimeout(resolve, 30))
  }
}

/** Waits until the queue has nothing to do. */
export const idle = ({ services }: App) =>
  until(async () => {
    const { jobs } = await services.queue.state({})
    return jobs.every(({ state }) => state !== 'queued' && state !== 'running')
  })

/** Every payload of an event from now on. */
export function record<N extends EventName>({ events }: App, wanted: N): Payload<N>[] {
  const payloads: Payload<N>[] = []
  events.listen((name, payload) => {
    if (name === wanted) payloads.push(payload as Payload<N>)
  })
  return payloads
}

/** The models that the person brought. */
export const own = async ({ services }: App) =>
  (await services.models.list({})).filter(({ place }) => place !== 'shipped')

/** All pictures, oldest first. */
export async function pictures({ services }: App) {
  const { items } = await services.gallery.page({ query: '', after: null, limit: 1000 })
  return items.toReversed()
}

/** Rejects with what a call is refused with. */
export const refusal = (call: Promise<unknown>): Promise<{ message: string; hint: string }> =>
  call.then(
    () => {
      throw new Error('It was not refused.')
    },
    error => error,
  )
