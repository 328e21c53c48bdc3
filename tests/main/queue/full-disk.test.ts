import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openDatabase } from '../../../main/database/database.ts'
import { Events } from '../../../main/events.ts'
import { Queue } from '../../../main/queue/queue.ts'
import type { Choices } from '../../../main/queue/request.ts'
import type { Engine, EnginePicture } from '../../../models/engine/engine.ts'
import { UserError } from '../../../models/errors.ts'
import { onCpu } from '../../../models/runtime/target.ts'
import { generateRequest } from '../../../preload/contract/generation.ts'
import { later, small, temporaryFolder, until } from '../studio.ts'

const request = generateRequest.parse({ ...small, seed: 1 })
const fullDisk = () => new UserError('The disk is full.', 'Free some space.')

/** A queue on a real database whose disk is full while `disk.full` says so: for pictures alone, or for the database too. */
async function opened() {
  const disk: { full: 'no' | 'pictures' | 'all' } = { full: 'no' }
  const database = await openDatabase(join(await temporaryFolder(), 'studio.sqlite'))
  later(() => database.close())
  const base = { ref: 'demo', path: '/demo', name: 'demo', hash: async () => undefined }
  const choices: Choices = {
    resolveBase: async () => base,
    guidedBy: async () => ({ method: 'none' }),
    besides: async () => ({ embeddings: [], loras: [] }),
    target: async () => onCpu,
  }
  const picture = {
    pixels: new Uint8Array(),
    settings: {},
    seed: 1,
    passes: 1,
    seconds: {},
    notes: [],
  } as unknown as EnginePicture
  const engine = { generate: async (_, { onPicture }) => onPicture(picture) } as Partial<Engine> as Engine
  const update: typeof database.jobs.update = (...args) =>
    disk.full === 'all' ? Promise.reject(fullDisk()) : database.jobs.update(...args)
  const queue = new Queue({
    database: { settings: database.settings, jobs: { ...database.jobs, update } },
    ...{ engine, choices, events: new Events(), galleryTidied: Promise.resolve() },
    addPicture: async () => {
      if (disk.full !== 'no') throw fullDisk()
      return {} as never
    },
    train: {} as never,
  })
  await queue.open()
  later(() => queue.close())
  const { service } = queue
  const waiting = () => until(async () => (await service.state({})).waiting ?? undefined)
  const empty = () => until(async () => (await service.state({})).jobs.length === 0)
  return { disk, service, waiting, empty }
}

it('goes on where the person tries the failed job again', async () => {
  const { disk, service, waiting, empty } = await opened()
  disk.full = 'pictures'
  const { id } = await service.enqueue(request)
  expect(await waiting()).toBe('The disk is full.')
  disk.full = 'no'
  await service.retry({ id })
  await empty()
  expect((await service.state({})).waiting).toBeNull()
})

it('cancels a job whose end could not be written', async () => {
  const { disk, service, waiting, empty } = await opened()
  for (const cancel of [(id: number) => service.cancel({ id }), () => service.cancelAll({})]) {
    disk.full = 'all'
    const { id } = await service.enqueue(request)
    expect(await waiting()).toBe('The disk is full.')
    disk.full = 'no'
    expect((await service.state({})).jobs).toMatchObject([{ id, state: 'running' }])
    await cancel(id)
    expect((await service.state({})).jobs).toEqual([])
    await service.resume({})
    await empty()
  }
})
