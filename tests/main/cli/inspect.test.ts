import { describe, expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { fixture } from '../../support/fixtures.ts'
import { cicerone } from './cicerone.ts'

const inspect = async (path: string, ...options: string[]) => {
  const { code, stdout, stderr } = await cicerone('inspect', path, ...options, '--json')
  return { code, stderr, report: JSON.parse(stdout) }
}

describe('cicerone inspect', () => {
  it('tells the demo model, single file and folder of a base', async () => {
    const sound = { kind: 'base', architecture: 'sd1', dtype: 'f16', missing: [], leftover: [] }
    expect((await inspect(shipped.demo)).report).toMatchObject({ ...sound, predictionType: 'v_prediction' })
    for (const form of ['sd1-tiny.safetensors', 'folder'])
      expect((await inspect(fixture('sd1-tiny', form))).report).toMatchObject({ ...sound, predictionType: 'epsilon' })
  })

  it.each([
    ['sd2-tiny', { architecture: 'sd2', predictionType: 'v_prediction', predictionSure: false }],
    ['sdxl-tiny', { architecture: 'sdxl', predictionType: 'epsilon', predictionSure: true }],
  ])('tells %s, in which several parameters share a tensor', async (name, told) => {
    const { code, report } = await inspect(fixture(name, `${name}.safetensors`))
    expect(code).toBe(0)
    expect(report).toMatchObject({ kind: 'base', dtype: 'f16', missing: [], leftover: [], ...told })
  })

  it('tells a VAE', async () => {
    const { code, report } = await inspect(fixture('bad-files', 'vae-only.safetensors'))
    expect(code).toBe(0)
    expect(report.kind).toBe('vae')
  })

  it('tells a guide, what it adds to its base, and why it does not fit another', async () => {
    const guide = { kind: 'guide', architecture: 'stable-diffusion-v1/guide', guideKind: 'lora1', guidance: [1, 9] }
    const { code, report } = await inspect(shipped.guide)
    expect(code).toBe(0)
    expect(report).toMatchObject({ ...guide, fits: true })
    expect(report.parametersRatio).toBeCloseTo(0.0107, 4)
    const other = await inspect(shipped.guide, '--base', fixture('sd1-tiny', 'folder'))
    expect(other.report).toMatchObject({ ...guide, fits: false })
    expect(other.report.difference).toContain('(crossAttentionDim) is 128')
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
