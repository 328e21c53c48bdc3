import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { shipped } from '../../main/paths.ts'
import { fixture } from '../support/fixtures.ts'
import * as badFiles from './bad-files.ts'
import * as family from './family.ts'
import * as gradients from './gradients.ts'
import * as lora from './lora.ts'
import * as networks from './networks.ts'
import * as pipelines from './pipelines.ts'
import { tryToPaint } from './refuse.ts'
import type { ParityResult } from './result.ts'

const bad = (results: readonly ParityResult[]) => results.filter(({ status }) => status !== 'passed')

describe('parity with the reference', () => {
  it('sd1-tiny: UNet at every size, its blocks, VAE both ways and text, from the single file and the folder', async () => {
    const results = await networks.check(fixture('sd1-tiny'))
    expect(bad(results)).toEqual([])
    expect(results.length).toBe(76)
  })

  // The blocks in between and the folders are left to `npm run parity`: they would double what the repository holds.
  it.each([
    ['sd2-tiny', 11],
    ['sdxl-tiny', 9],
  ])('%s: UNet at every size, VAE both ways and text, from the single file', async (name, count) => {
    const results = await networks.check(fixture(name))
    expect(bad(results)).toEqual([])
    expect(results.length).toBe(count)
  })

  it('whole pictures of every family, text to image and image to image', async () => {
    const results = await pipelines.check(fixture('pipelines'), name => fixture(name))
    expect(bad(results)).toEqual([])
    expect(results.filter(({ status }) => status === 'passed').length).toBeGreaterThan(270)
  })

  it('inpainting bases and masks over plain ones, of every family, and image to image of SD 2.x and SDXL', async () => {
    const results = await pipelines.check(fixture('inpainting'), name => fixture(name))
    expect(bad(results)).toEqual([])
    // The folder of SD 1.x is at hand too, for runs that do not widen it.
    expect(results.length).toBe(231)
  })

  it('the demo family: every network call and whole pictures without guidance, with CFG and with both guides', async () => {
    const results = await family.check(fixture('family'), name =>
      name === 'base' ? shipped.demo : fixture(join('family', name)),
    )
    expect(bad(results)).toEqual([])
    expect(results.length).toBe(36)
  })

  it("sd1-tiny: the gradients of UNet, text encoder and both halves of the VAE are autograd's", async () => {
    const results = await gradients.check(fixture('gradients'), name => fixture(name))
    expect(bad(results)).toEqual([])
    expect(results.length).toBe(59)
  })

  it('LoRA files of every dialect at two strengths, on SD 1.x and SDXL, and those that fit in part or not at all', async () => {
    const results = await lora.check(fixture('lora'), name => fixture(name))
    expect(bad(results)).toEqual([])
    expect(results.length).toBe(30)
  })

  it('refuses every bad file with its sentence, also when it takes painting to find out', async () => {
    expect(bad(await badFiles.check(fixture('bad-files'), tryToPaint))).toEqual([])
  })
})
