import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDevices } from '../../../main/services/devices.ts'
import { UserError } from '../../../models/errors.ts'
import { offeredDevices, probe } from '../../../models/runtime/probe/probe.ts'
import { onCpu } from '../../../models/runtime/target.ts'
import { firstPasses } from '../../parity/networks.ts'
import { fixture } from '../../support/fixtures.ts'

/** WebGPU is tried on the Vulkan driver that is named, SwiftShader's included; without one, only that it is not there. */
const driver = process.env.VK_ICD_FILENAMES

describe('the devices of this computer', () => {
  let data = ''
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'cicerone-devices-'))
  })
  afterAll(() => rm(data, { recursive: true }))

  it('are tried in processes of their own, and the CPU is right', async () => {
    const report = await probe('cpu')
    expect(report).toMatchObject({ usable: true, target: onCpu, precisions: ['fp32'] })
    expect(report.seconds).toBeGreaterThan(0)
  })

  it('do not take down who tries them', async () => {
    const script = join(data, 'crash')
    await writeFile(script, '#!/bin/sh\nkill -SEGV $$\n', { mode: 0o755 })
    const report = await probe('webgpu', script)
    expect(report).toMatchObject({ usable: false, reason: 'it ended its process by SIGSEGV' })
  })

  it('are refused with the reason where they cannot be used', async () => {
    const devices = openDevices({ data })
    await expect(devices.target({ device: 'cpu', precision: 'fp16' })).rejects.toEqual(
      new UserError('The CPU computes with 32 bits only.', 'Leave --precision out, or choose another device.'),
    )
    const absent = offeredDevices().includes('dml') ? 'coreml' : 'dml'
    await expect(devices.target({ device: absent })).rejects.toThrow(`onnxruntime does not offer ${absent}`)
    expect(await devices.target({ device: 'cpu' })).toEqual(onCpu)
  })

  it.skipIf(driver)('are tried once: what was found is kept in the cache', async () => {
    expect(await openDevices({ data }).target({})).toEqual(onCpu)
    const file = join(data, 'cache', 'devices.json')
    const kept = JSON.parse(await readFile(file, 'utf8'))
    const webgpu = kept.reports.find(({ name }: { name: string }) => name === 'webgpu')
    expect(webgpu).toMatchObject({ usable: false })
    await writeFile(file, JSON.stringify({ ...kept, reports: [{ ...webgpu, reason: 'it is kept' }] }))
    const chosen = openDevices({ data }).target({ device: 'webgpu' })
    await expect(chosen).rejects.toThrow('The device webgpu cannot be used: it is kept.')
    await writeFile(file, JSON.stringify({ ...kept, holdsFor: 'another runtime' }))
    await expect(openDevices({ data }).target({ device: 'webgpu' })).rejects.toThrow(/adapter/i)
  })
})

describe.runIf(driver)('WebGPU on the driver of VK_ICD_FILENAMES', () => {
  const patience = 1_200_000

  it('computes the probe rightly, in both precisions', { timeout: patience }, async () => {
    const report = await probe('webgpu')
    expect(report).toMatchObject({ usable: true, precisions: ['fp32', 'fp16'] })
  })

  // Recorded in f32: another order of summation stays within the tolerance; f16 has 11 bits where f32 has 24.
  it.each([
    ['sd1-tiny', 'fp32', 1],
    ['sd1-tiny', 'fp16', 60],
    ['sdxl-tiny', 'fp32', 1],
    ['sdxl-tiny', 'fp16', 60],
  ] as const)(
    '%s in %s: the UNet within %i times the tolerance',
    { timeout: patience },
    async (name, precision, times) => {
      const results = await firstPasses(fixture(name), {
        target: { device: 'webgpu', fused: [], precision },
        passes: 1,
      })
      expect(results.filter(({ largest = Infinity, tolerance = 0 }) => !(largest <= times * tolerance))).toEqual([])
      expect(results).toHaveLength(1)
    },
  )
})
