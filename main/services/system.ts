import { availableParallelism } from 'node:os'
import { defaultBudgetMiB } from '../../models/engine/client.ts'
import type { Engine } from '../../models/engine/engine.ts'
import type { DeviceName } from '../../models/runtime/target.ts'
import packageFile from '../../package.json' with { type: 'json' }
import type { Contract } from '../../preload/contract/index.ts'
import type { Implementation } from '../../preload/contract/service.ts'
import type { SystemInfo } from '../../preload/contract/system.ts'
import type { Database } from '../database/database.ts'
import type { Events } from '../events.ts'
import type { Devices } from './devices.ts'

export interface SystemOptions {
  readonly data: string
  readonly database: Pick<Database, 'settings'>
  readonly devices: Pick<Devices, 'target'>
  readonly engine: Engine
  readonly events: Events
  readonly sameDisk: boolean
}

/** What a window keeps has names of its own. */
const keyOf = (key: string): string => `window.${key}`
/** The engine's memory changes all the time: it is told this often at most, in milliseconds. */
const tellEvery = 1000

/** What the studio runs on, and small things that windows keep. */
export function systemService({ data, database, devices, engine, events, sameDisk }: SystemOptions) {
  let device: DeviceName = 'cpu'
  const info = (): SystemInfo => ({
    version: packageFile.version,
    device: device === 'cpu' ? `CPU, ${availableParallelism()} cores` : device,
    memoryUsed: engine.memory,
    memoryBudget: defaultBudgetMiB(),
    engine: engine.state,
    dataFolder: data,
    sameDisk,
  })
  let told: SystemInfo['engine'] | undefined
  let timer: NodeJS.Timeout | undefined
  const tell = () => {
    clearTimeout(timer)
    timer = undefined
    told = engine.state
    events.emit('system.info', info())
  }
  let closed = false
  // The window need not wait for the devices to be tried.
  void devices.target({}).then(target => {
    device = target.device
    if (!closed) tell()
  })
  engine.onChange(() => {
    if (closed) return
    if (engine.state !== told) tell()
    else timer ??= setTimeout(tell, tellEvery).unref()
  })

  const service: Implementation<Contract['system']> = {
    info: async () => info(),
    recall: async ({ key }) => (await database.settings.get(keyOf(key))) ?? null,
    keep: async ({ key, value }) => {
      await database.settings.set(keyOf(key), value)
      return {}
    },
  }
  return {
    service,
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
