import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDevices } from '../../../main/services/devices.ts'
import { UserError } from '../../../models/errors.ts'
import { offeredDevices, probe } from '../../../models/runtime/probe/probe.ts'
import { onCpu, type Target } from '../../../models/runtime/target.ts'
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
    const devices = openDevices({ cache: data })
    await expect(devices.target({ device: 'cpu', precision: 'fp16' })).rejects.toEqual(
      new UserError('The CPU computes with 32 bits only.', 'Leave --precision out, or choose another device.'),
    )
    const absent = offeredDevices().includes('dml') ? 'coreml' : 'dml'
    await expect(devices.target({ device: absent })).rejects.toThrow(`onnxruntime does not offer ${absent}`)
    expect(await devices.target({ device: 'cpu' })).toEqual(onCpu)
  })

  it.skipIf(driver)('are tried once: what was found is kept in the cache', async () => {
    expect(await openDevices({ cache: data }).target({})).toEqual(onCpu)
    const file = join(data, 'devices.json')
    const kept = JSON.parse(await readFile(file, 'utf8'))
    const webgpu = kept.reports.find(({ name }: { name: string }) => name === 'webgpu')
    expect(webgpu).toMatchObject({ usable: false })
    await writeFile(file, JSON.stringify({ ...kept, reports: [{ ...webgpu, reason: 'it is kept' }] }))
    const chosen = openDevices({ cache: data }).target({ device: 'webgpu' })
    await expect(chosen).rejects.toThrow('The device webgpu cannot be used: it is kept.')
    await writeFile(file, JSON.stringify({ ...kept, holdsFor: 'another runtime' }))
    await expect(openDevices({ cache: data }).target({ device: 'webgpu' })).rejects.toThrow(/adapter/i)
  })
})

describe.runIf(driver)('WebGPU on the driver of VK_ICD_FILENAMES', () => {
  const patience = 1_200_000

  it('computes the probe rightly', { timeout: patience }, async () => {
    expect(await probe('webgpu')).toMatchObject({ usable: true })
  })

  // Another order of summation stays within the tolerance of the recorded f32 numbers.
  it.each(['sd1-tiny', 'sdxl-tiny'])('%s: the UNet within the tolerance', { timeout: patience }, async name => {
    const target = { device: 'webgpu', fused: [], precision: 'fp32' } as const
    expect(await firstPasses(fixture(name), { target, passes: 1 })).toMatchObject([{ status: 'passed' }])
  })

  it.for(['sd1-tiny', 'sdxl-tiny'])(
    '%s in f16: within 60 times the tolerance',
    { timeout: patience },
    async (name, { skip }) => {
      const { precisions } = await probe('webgpu')
      skip(!precisions.includes('fp16'), 'this driver has no f16')
      const target = { device: 'webgpu', fused: [], precision: 'fp16' } as const
      await expectNearby(name, target)
    },
  )
})

// The CPU computes f16 by way of f32, rounding between: slow, but it shows what is written for devices that have it.
it.each(['sd1-tiny', 'sdxl-tiny'])('%s written in f16: the UNet within 60 times the tolerance of f32', name =>
  expectNearby(name, { ...onCpu, precision: 'fp16' }),
)

/** f16 has 11 bits where f32 has 24. */
async function expectNearby(name: string, target: Target): Promise<void> {
  const [result, ...more] = await firstPasses(fixture(name), { target, passes: 1 })
  expect(more).toEqual([])
  expect(result?.largest).toBeLessThan(60 * (result?.tolerance ?? 0))
}
