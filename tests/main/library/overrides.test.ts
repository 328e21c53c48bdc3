import { join } from 'node:path'
import { expect, it } from 'vitest'
import { generateRequest } from '../../../preload/contract/generation.ts'
import { fixture } from '../../support/fixtures.ts'
import { cicerone } from '../cli/cicerone.ts'
import { idle, openStudio, temporaryFolder } from '../studio.ts'

const file = fixture('sd1-tiny', 'sd1-tiny.safetensors')

it('remembers what a person says of a base, and paints with it', async () => {
  const data = await temporaryFolder()
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await cicerone(...args, '--data-dir', data, '--json')
    return { code, stderr, told: JSON.parse(stdout) }
  }
  await run('import', file)
  const small = ['--steps', '1', '--width', '64', '--height', '64', '--method', 'none', '--seed', '5']
  const paint = async (...more: string[]) => {
    // A second --base takes the place of the first.
    const { told } = await run('generate', 'a cat', '--base', 'sd1-tiny', ...small, ...more)
    const { settings } = (await run('inspect', told.pictures[0].path)).told
    return settings.predictionType
  }
  expect(await paint()).toBeUndefined()
  expect(await run('models', 'set', 'sd1-tiny', '--prediction', 'v')).toMatchObject({
    code: 0,
    told: { id: 'sd1-tiny', architecture: 'file', prediction: 'v' },
  })
  expect(await paint()).toBe('v_prediction')
  expect(await paint('--base', join(data, 'models', 'bases', 'sd1-tiny.safetensors'))).toBe('v_prediction')
  expect(await paint('--prediction', 'epsilon')).toBe('epsilon')
  expect(await run('models', 'set', 'sd1-tiny', '--architecture', 'sd2')).toMatchObject({
    code: 1,
    told: { error: expect.stringContaining('cannot be SD 2.x: it lacks cond_stage_model.model.') },
  })
  expect((await run('models', 'set', 'sd1-tiny', '--prediction', 'flow')).code).toBe(2)
  expect((await run('models', 'set', 'sd1-tiny')).code).toBe(2)
  expect((await run('models', 'set', 'demo', '--prediction', 'v')).code).toBe(1)

  const app = await openStudio(data)
  const { models, queue } = app.services
  const card = async () => (await models.list({})).find(({ id }) => id === 'sd1-tiny')
  expect(await card()).toMatchObject({ chosenPrediction: 'v', chosenArchitecture: null })
  expect(await models.report({ id: 'sd1-tiny' })).toMatchObject({
    ...{ predictionType: 'v_prediction', predictionSure: true, predictionSource: 'choice of a person' },
    ...{ missing: [], leftover: [] },
  })
  const { sha256, autoV2 } = await models.hashes({ id: 'sd1-tiny' })
  expect(sha256.startsWith(autoV2)).toBe(true)

  const request = { prompt: 'a cat', base: 'sd1-tiny', method: 'none', steps: 1, width: 64, height: 64 } as const
  await queue.enqueue(generateRequest.parse(request))
  await idle(app)
  const { items } = await app.services.gallery.page({ query: '', after: null, limit: 1 })
  const { settings } = await app.services.gallery.detail({ id: items[0]?.id ?? 0 })
  expect(settings?.predictionType).toBe('v_prediction')

  expect(await models.override({ id: 'sd1-tiny', prediction: null })).toMatchObject({ chosenPrediction: null })
}, 300_000)

it('holds guides against what is said of the base, by the request or for good', async () => {
  const app = await openStudio()
  const { models } = app.services
  const difference = async (more: object) => (await models.guides({ base: 'demo', ...more }))[0]
  expect(await difference({})).toMatchObject({ fits: true })
  expect(await difference({ prediction: 'epsilon' })).toMatchObject({
    fits: false,
    difference: expect.stringContaining('prediction type'),
  })
})
