import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Events } from '../../../main/events.ts'
import { watchCrashes } from '../../../main/hosts/electron/crashes.electron.ts'
import { openUpdates, type Updater } from '../../../main/hosts/electron/updates.electron.ts'
import { logTo, services } from '../hosts/studio.ts'
import { Double } from './double.ts'

function given(kept: unknown = null) {
  const looked: unknown[] = []
  const values = new Map<string, unknown>([['desktop.updates', kept]])
  const updater = Object.assign(new EventEmitter(), {
    channel: null as string | null,
    allowDowngrade: false,
    allowPrerelease: false,
    autoDownload: true,
    autoInstallOnAppQuit: true,
    logger: console,
    async checkForUpdates(): Promise<unknown> {
      looked.push(this.channel)
      expect(this.allowPrerelease).toBe(this.channel === 'beta')
      throw new Error('no network')
    },
  })
  const { system } = services({
    system: {
      recall: async ({ key }) => values.get(key) ?? null,
      async keep({ key, value }) {
        values.set(key, value)
        return {}
      },
    },
  })
  const events = new Events()
  const log: string[] = []
  return { updater: updater as unknown as Updater & EventEmitter, looked, values, system, events, log }
}

describe('updates', () => {
  it('are looked for in the channel that the person chose, and not where it is off', async () => {
    const { updater, looked, values, system, events, log } = given()
    const updates = await openUpdates({ updater, system, events, log: logTo(log) })
    expect(looked).toEqual(['latest'])
    await updates.choose('beta')
    await updates.choose('off')
    updates.close()
    expect(looked).toEqual(['latest', 'beta'])
    expect(updater.allowDowngrade).toBe(false)
    expect(values.get('desktop.updates')).toBe('off')
    expect(log.join()).toContain('no network')
    const again = await openUpdates({ updater, system, events, log: logTo([]) })
    again.close()
    expect(looked).toHaveLength(2)
    expect(again.channel).toBe('off')
  })

  it('that are on their way are given up where they are switched off, and what was fetched is not installed', async () => {
    const { updater, system, events } = given()
    const download = Promise.withResolvers<never>()
    let cancelled = 0
    const cancel = () => {
      cancelled++
      download.reject(new Error('cancelled'))
    }
    updater.checkForUpdates = async () => ({ downloadPromise: download.promise, cancellationToken: { cancel } })
    const log: string[] = []
    const told: unknown[] = []
    events.listen(name => told.push(name))
    const updates = await openUpdates({ updater, system, events, log: logTo(log) })
    expect(updater).toMatchObject({ autoDownload: true, autoInstallOnAppQuit: true })
    await updates.choose('off')
    updater.emit('update-downloaded', { version: '1.2.3' })
    await new Promise(setImmediate)
    updates.close()
    expect(updater).toMatchObject({ autoDownload: false, autoInstallOnAppQuit: false })
    expect(cancelled).toBe(1)
    expect([log, told]).toEqual([[], []])
  })

  it('that cannot be fetched are logged', async () => {
    const { updater, system, events } = given()
    updater.checkForUpdates = async () => ({ downloadPromise: Promise.reject(new Error('cut off')) })
    const log: string[] = []
    const updates = await openUpdates({ updater, system, events, log: logTo(log) })
    await new Promise(setImmediate)
    updates.close()
    expect(log.join()).toContain('cut off')
  })

  it('say when they have been fetched', async () => {
    const { updater, system, events } = given()
    const updates = await openUpdates({ updater, system, events, log: logTo([]) })
    const told: unknown[] = []
    events.listen((name, payload) => told.push([name, payload]))
    updater.emit('update-downloaded', { version: '1.2.3' })
    updates.close()
    expect(told).toMatchObject([['system.notice', { level: 'info', message: 'Version 1.2.3 has been fetched.' }]])
  })

  it('are nothing where the studio was not installed', async () => {
    const { system, events } = given('rubbish')
    const updates = await openUpdates({ updater: undefined, system, events, log: logTo([]) })
    updates.close()
    expect(updates.channel).toBe('latest')
  })
})

describe('crashes', () => {
  it('are logged, and the page is loaded again, but not over and over', () => {
    const double = new Double('/nowhere')
    const log: string[] = []
    watchCrashes(double.electron, new double.electron.BrowserWindow(), logTo(log))
    for (let i = 0; i < 3; i++) double.window.webContents.emit('render-process-gone', {}, { reason: 'crashed' })
    double.app.emit('child-process-gone', {}, { type: 'GPU', reason: 'crashed' })
    expect(double.called('reload')).toHaveLength(1)
    expect(log).toHaveLength(4)
    expect(log.join()).toContain('GPU')
  })
})
