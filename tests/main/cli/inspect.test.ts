import { describe, expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { fixture } from '../../support/fixtures.ts'
import { cicerone } from './cicerone.ts'

const inspect = async (path: string) => {
  const { code, stdout, stderr } = await cicerone('inspect', path, '--json')
  return { code, stderr, report: JSON.parse(stdout) }
}

describe('cicerone inspect', () => {
  it('tells the demo model, single file and folder of a base', async () => {
    const sound = { kind: 'base', architecture: 'sd1', dtype: 'f16', missing: [], leftover: [] }
    expect((await inspect(shipped.demo)).report).toMatchObject({ ...sound, predictionType: 'v_prediction' })
    for (const form of ['sd1-tiny.safetensors', 'folder'])
      expect((await inspect(fixture('sd1-tiny', form))).report).toMatchObject({ ...sound, predictionType: 'epsilon' })
  })

  it('tells a VAE', async () => {
    const { code, report } = await inspect(fixture('bad-files', 'vae-only.safetensors'))
    expect(code).toBe(0)
    expect(report.kind).toBe('vae')
  })

  it('reports a base that lacks a tensor, and says that it is no sound model', async () => {
    const { code, report, stderr } = await inspect(fixture('bad-files', 'missing-tensor.safetensors'))
    const key = 'model.diffusion_model.middle_block.1.transformer_blocks.0.attn2.to_v.weight'
    expect(code).toBe(1)
    expect(report).toMatchObject({ kind: 'base', missing: [key], leftover: [], error: `The model lacks ${key}.` })
    expect(stderr.trim()).toBe(`The model lacks ${key}.`)
  })

  it('fails where there is nothing to tell', async () => {
    const { code, report } = await inspect(fixture('bad-files', 'header-deep.safetensors'))
    expect(code).toBe(1)
    expect(report.error).toContain('nested too deeply')
  })
})
