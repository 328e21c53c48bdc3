import { mkdir, readFile } from 'node:fs/promises'
import { release } from 'node:os'
import { dirname, join } from 'node:path'
import { UserError } from '../../models/errors.ts'
import { type DeviceReport, offeredDevices, probe, runtimeVersion } from '../../models/runtime/probe/probe.ts'
import { onCpu, type Target } from '../../models/runtime/target.ts'
import { writeText } from '../../models/tensor/atomically.ts'
import type { GenerateRequest } from '../../preload/contract/generation.ts'
import { cacheFolder } from '../paths.ts'

/** Where networks can be computed on this computer. */
export interface Devices {
  /**
   * The device that is asked for, or else the fastest that computes rightly. Throws `UserError` where the one that is
   * asked for cannot be used, or not with that precision.
   */
  target(asked: Pick<GenerateRequest, 'device' | 'precision'>): Promise<Target>
  /** Tries all of them anew. */
  tryAll(): Promise<DeviceReport[]>
}

interface DevicesOptions {
  /** Folder in which what was found is kept; the system's own for caches, as it is true of the computer, not of a person's data. */
  readonly cache?: string | undefined
  /** The Node that devices are tried under; this process's own where it is left out. */
  readonly node?: string | undefined
}

export function openDevices({ cache = cacheFolder(), node }: DevicesOptions = {}): Devices {
  const file = join(cache, 'devices.json')
  let known: Promise<Map<string, DeviceReport>> | undefined

  async function report(name: DeviceReport['name'], anew = false): Promise<DeviceReport> {
    known ??= read(file)
    const reports = await known
    const kept = anew ? undefined : reports.get(name)
    if (kept) return kept
    const found = await probe(name, node)
    reports.set(name, found)
    await write(file, [...reports.values()])
    return found
  }

  async function fastest(): Promise<Target> {
    const others: DeviceReport[] = []
    for (const name of offeredDevices()) if (name !== 'cpu') others.push(await report(name))
    if (!others.some(({ usable }) => usable)) return onCpu
    const [first] = [await report('cpu'), ...others]
      .filter(({ usable }) => usable)
      .toSorted((a, b) => (a.seconds ?? 0) - (b.seconds ?? 0))
    return first?.target ?? onCpu
  }

  async function chosen(device: DeviceReport['name']): Promise<Target> {
    if (device === 'cpu') return onCpu
    if (!offeredDevices().includes(device))
      throw new UserError(
        `onnxruntime does not offer ${device} on this system.`,
        `Choose ${offeredDevices().join(', ')}.`,
      )
    const { target, reason } = await report(device)
    if (!target)
      throw new UserError(
        `The device ${device} cannot be used: ${reason}.`,
        'Choose another; `cicerone doctor` tries it again.',
      )
    return target
  }

  return {
    async target({ device, precision = 'fp32' }) {
      const target = device === undefined ? await fastest() : await chosen(device)
      if (precision === 'fp32') return target
      const right = target.device === 'cpu' ? [] : (await report(target.device)).precisions
      if (!right.includes(precision))
        throw new UserError(
          target.device === 'cpu'
            ? 'The CPU computes with 32 bits only.'
            : `The device ${target.device} does not compute rightly with 16 bits.`,
          'Leave --precision out, or choose another device.',
        )
      return { ...target, precision }
    },
    async tryAll() {
      const reports: DeviceReport[] = []
      for (const name of offeredDevices()) reports.push(await report(name, true))
      return reports
    },
  }
}

/** What the reports hold for: another system, runtime or driver has to be tried anew. */
const holdsFor = (): string =>
  [runtimeVersion, process.platform, process.arch, release(), process.env.VK_ICD_FILENAMES].join(' ')

async function read(file: string): Promise<Map<string, DeviceReport>> {
  try {
    const kept: { holdsFor: string; reports: DeviceReport[] } = JSON.parse(await readFile(file, 'utf8'))
    if (kept.holdsFor === holdsFor()) return new Map(kept.reports.map(report => [report.name, report]))
  } catch {
    // None are kept, or they cannot be read.
  }
  return new Map()
}

/** A cache that cannot be written is no reason not to paint. */
async function write(file: string, reports: readonly DeviceReport[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true }).catch(() => undefined)
  await writeText(file, JSON.stringify({ holdsFor: holdsFor(), reports })).catch(() => undefined)
}
