import { expect, test } from 'vitest'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import type { Architecture } from '../../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { nativeSize } from '../../../models/checkpoint/native-size.ts'
import { UserError } from '../../../models/errors.ts'
import { examine } from '../../../models/pipelines/examine.ts'
import { fixture } from '../../support/fixtures.ts'

const single = (name: string) => fixture(name, `${name}.safetensors`)

test('what a person says a base predicts is believed, and decides its size', async () => {
  const path = single('sd2-tiny')
  const guessed = asBase(await describeModel(path))
  const said = asBase(await describeModel(path, { prediction: 'epsilon' }))
  expect(guessed.prediction).toMatchObject({ value: 'v_prediction', sure: false })
  expect(said.prediction).toEqual({ value: 'epsilon', sure: true, chosen: true, source: 'choice of a person' })
  expect(nativeSize(said) / nativeSize(guessed)).toBeCloseTo(64 / 96)
})

test('a folder may be of the family that a person says', async () => {
  const base = asBase(await describeModel(fixture('sd1-tiny', 'folder'), { architecture: 'sd2' }))
  expect(base.architecture).toBe('sd2')
  expect(examine(base).problems).toEqual([])
})

test.each<[string, Architecture]>([
  ['sd1-tiny', 'sd1'],
  ['sd2-tiny', 'sd2'],
  ['sdxl-tiny', 'sdxl'],
])('%s is what it is, also where it is said', async (name, architecture) => {
  expect(JSON.stringify(await describeModel(single(name), { architecture }))).toBe(
    JSON.stringify(await describeModel(single(name))),
  )
})

test.each<[string, Architecture, string]>([
  [single('sd1-tiny'), 'sd2', 'cannot be SD 2.x: it lacks cond_stage_model.model.token_embedding.weight.'],
  [single('sd2-tiny'), 'sd1', 'cannot be SD 1.x: it lacks cond_stage_model.transformer.'],
  [single('sd1-tiny'), 'sdxl', 'cannot be SDXL: it lacks model.diffusion_model.label_emb.0.0.weight.'],
  [single('sdxl-tiny'), 'sd1', 'cannot be SD 1.x: it lacks cond_stage_model.transformer.'],
  [fixture('sd1-tiny', 'folder'), 'sdxl', 'cannot be SDXL: it lacks add_embedding.linear_1.weight.'],
])('%s cannot be %s', async (path, architecture, sentence) => {
  const error = await describeModel(path, { architecture }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(UserError)
  expect((error as UserError).message).toContain(sentence)
})
