import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openApp, openData, openModels } from '../../../main/app.ts'
import { inProcessEngine } from '../../../models/engine/in-process.ts'
import { contract } from '../../../preload/contract/index.ts'
import { fixture } from '../../support/fixtures.ts'
import { painted } from '../gallery/painted.ts'
import { later, openStudio, own, pictures, record, refusal, temporaryFolder, until } from '../studio.ts'

const engine = inProcessEngine()
const refused = (data: string) => refusal(openApp({ data, engine }))

describe('the studio', () => {
  it('implements the contract, and answers as it says', async () => {
    const app = await openStudio()
    for (const [name, { methods }] of Object.entries(contract))
      expect(Object.keys(app.services[name as keyof typeof contract]).toSorted()).toEqual(
        Object.keys(methods).toSorted(),
      )
    const info = await app.services.system.info({})
    expect(contract.system.methods.info.output.parse(info)).toMatchObject({ engine: 'ready', dataFolder: app.data })
    expect(info.memoryBudget).toBeGreaterThan(100)
    expect(contract.models.methods.list.output.parse(await app.services.models.list({})).map(({ id }) => id)).toContain(
      'demo',
    )
    expect(contract.queue.methods.state.output.parse(await app.services.queue.state({}))).toEqual({
      paused: false,
      waiting: null,
      jobs: [],
    })
  })

  it('keeps small things for windows', async () => {
    const data = await temporaryFolder()
    const first = await openStudio(data)
    expect(await first.services.system.recall({ key: 'create' })).toBeNull()
    await first.services.system.keep({ key: 'create', value: { steps: 8 } })
    await first.close()
    const second = await openStudio(data)
    expect(await second.services.system.recall({ key: 'create' })).toEqual({ steps: 8 })
  })

  it('tells when the engine changes', async () => {
    const app = await openStudio()
    const told = record(app, 'system.info')
    await app.services.queue.enqueue({
      ...{ prompt: 'a cat', negative: '', method: 'none', guidance: 1, steps: 1, schedule: 'auto', count: 1 },
      ...{ width: 64, height: 64, clipSkip: 1, strength: 0.6 },
    })
    await until(() => told.some(({ engine }) => engine === 'busy') && told.at(-1)?.engine === 'ready')
  })

  it('is alone on its data, and says where the other one runs', async () => {
    const app = await openStudio()
    await app.runsAt('http://127.0.0.1:4321')
    expect(await refused(app.data)).toMatchObject({
      message: 'Another Cicerone Studio uses this data folder.',
      hint: `It runs as process ${process.pid} at http://127.0.0.1:4321: use that one, close it, or choose another data folder.`,
    })
    // A command that comes and goes may look in.
    const data = await openData(app.data)
    expect((await data.library.service.list({})).map(({ id }) => id)).toContain('demo')
    await data.close()
    await app.close()
    await (await openApp({ data: app.data, engine })).close()
    expect(await readdir(app.data)).not.toContain('studio.lock')
  })

  it('takes over what a dead studio held, also where its number is used again', async () => {
    const data = await temporaryFolder()
    const child = spawn(process.execPath, [join(import.meta.dirname, '../queue/child.ts'), data, '0'], {
      stdio: 'pipe',
    })
    later(async () => child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    expect((await refused(data)).hint).toContain(`process ${child.pid}`)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(JSON.parse(await readFile(join(data, 'studio.lock'), 'utf8'))).toMatchObject({ pid: child.pid })
    await (await openApp({ data, engine })).close()

    // A process of that number lives, and nothing tells it from the studio that died
    const stat = await readFile(`/proc/${process.ppid}/stat`, 'utf8').catch(() => '')
    const began = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
    for (const text of [JSON.stringify({ pid: process.ppid, began }), '', '{"pid":', '[]']) {
      await writeFile(join(data, 'studio.lock'), text)
      await (await openApp({ data, engine })).close()
    }
    expect((await readdir(data)).filter(name => name.startsWith('studio.lock'))).toEqual([])
  })

  it('lets one of many in who come at once', async () => {
    const data = await temporaryFolder()
    await writeFile(join(data, 'studio.lock'), JSON.stringify({ pid: 99_999_999, began: '' }))
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => openApp({ data, engine })))
    const opened = all.filter(one => one.status === 'fulfilled')
    for (const { value } of opened) await value.close()
    expect(opened).toHaveLength(1)
  })

  it('says in a sentence why a data folder cannot be used, and leaves no lock', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'file'), '')
    expect(await refused(join(folder, 'file'))).toMatchObject({
      message: `The data folder ${join(folder, 'file')} cannot be used: it is a file, not a folder.`,
      hint: expect.stringContaining('Choose another'),
    })
    expect((await refused(join(folder, 'file', 'inner'))).message).toContain('a part of the path is a file')
    const broken = join(folder, 'broken')
    const app = await openStudio(broken)
    await app.close()
    await writeFile(join(broken, 'studio.sqlite'), 'x'.repeat(100))
    // A command leaves it to the studio.
    for (const open of [openData, openModels])
      expect((await refusal(open(broken))).message).toBe(`The database ${join(broken, 'studio.sqlite')} is damaged.`)
    // It is put aside; that is no reason not to open.
    await (await openApp({ data: broken, engine })).close()
    expect((await readdir(broken)).some(name => name.includes('damaged'))).toBe(true)
  })

  it('takes up what a command beside it has brought', async () => {
    const app = await openStudio()
    const models = record(app, 'models.changed')
    const stale = record(app, 'gallery.stale')
    const command = await openData(app.data)
    const source = { path: fixture('sd1-tiny', 'sd1-tiny.safetensors') }
    const { model } = await command.library.service.import({ source, way: 'in place' })
    const { id } = await command.gallery.add(painted())
    await command.close()
    await until(() => models.flat().some(card => card.id === model.id))
    await until(() => stale.length > 0)
    expect((await pictures(app)).map(picture => picture.id)).toEqual([id])
    await until(async () => (await own(app))[0]?.hash ?? undefined)
    await until(() => app.library.previewFile(model.id))
  })
})
