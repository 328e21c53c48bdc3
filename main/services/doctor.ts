import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { asBase } from '../../models/checkpoint/as-base.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { examine } from '../../models/pipelines/examine.ts'
import type { DeviceReport } from '../../models/runtime/probe/probe.ts'
import packageFile from '../../package.json' with { type: 'json' }
import { requireWritable } from '../gallery/write.ts'
import { shipped } from '../paths.ts'
import { openDevices } from './devices.ts'

/** One thing that must work before anything can be painted. */
export interface Check {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
}

export interface Diagnosis {
  readonly version: string
  readonly node: string
  readonly system: string
  readonly cores: number
  readonly memoryGiB: number
  readonly devices: readonly DeviceReport[]
  readonly checks: readonly Check[]
}

/** Tries what painting needs on this computer and says what does not work. */
export async function diagnose(data: string): Promise<Diagnosis> {
  const devices = await openDevices().tryAll()
  return {
    version: packageFile.version,
    node: process.version,
    system: `${process.platform} ${process.arch}`,
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    devices,
    checks: [
      await check('data folder', async () => {
        await requireWritable(join(data, 'pictures', 'picture.png'))
        return data
      }),
      await check('demo model', async () => {
        const { problems } = examine(asBase(await describeModel(shipped.demo)))
        if (problems[0]) throw new Error(problems[0].message)
        return 'complete'
      }),
      await check('device', async () => {
        const usable = devices.find(device => device.usable)
        if (!usable) throw new Error('No device computes rightly.')
        return usable.name
      }),
    ],
  }
}

async function check(name: string, work: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, detail: await work() }
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) }
  }
}
