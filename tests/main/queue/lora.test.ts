import { copyFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseParameters } from '../../../main/gallery/parameters.ts'
import { readPngText } from '../../../main/gallery/png.ts'
import { hashModel } from '../../../models/checkpoint/hashes.ts'
import { generateRequest } from '../../../preload/contract/generation.ts'
import { fixture } from '../../support/fixtures.ts'
import { idle, openStudio, pictures, record, refusal, small, temporaryFolder } from '../studio.ts'

const base = fixture('sd1-tiny', 'sd1-tiny.safetensors')
const file = (name: string) => fixture('lora', `${name}.safetensors`)
const request = generateRequest.parse({ ...small, base, seed: 1 })

async function opened() {
  const app = await openStudio()
  const { models } = app.services
  const bring = async (name: string) => (await models.import({ source: { path: file(name) }, way: 'copy' })).model
  return { app, ...app.services, kohya: await bring('kohya'), unmatched: await bring('unmatched-key') }
}

it('a request keeps its LoRAs by reference; its pictures say which they were, as A1111 says it', async () => {
  const { app, queue, gallery, kohya } = await opened()
  expect(kohya).toMatchObject({ kind: 'lora', usable: true, problem: null })
  const prompt = 'a fox, <lora:UNMATCHED-key:0.25>'
  const notices = record(app, 'system.notice')
  const job = await queue.enqueue({
    ...request,
    prompt,
    loras: [
      { lora: kohya.path, strength: -0.5 },
      { lora: file('peft'), strength: 1 },
    ],
  })
  // The prompt's own stay in the prompt.
  expect(job.request).toMatchObject({
    prompt,
    loras: [
      { lora: kohya.id, strength: -0.5 },
      { lora: file('peft'), strength: 1 },
    ],
  })
  await idle(app)
  const [picture] = await pictures(app)
  const { settings, file: path } = await gallery.detail({ id: picture?.id ?? 0 })
  const hash = async (name: string) => (await hashModel(file(name))).autoV3
  expect(settings).toMatchObject({
    prompt,
    loras: [
      { name: 'kohya', hash: await hash('kohya'), strength: -0.5 },
      { name: 'peft', hash: await hash('peft'), strength: 1 },
      { name: 'unmatched-key', hash: await hash('unmatched-key'), strength: 0.25, inPrompt: true },
    ],
  })
  const text = (await readPngText(join(app.data, path))).get('parameters') ?? ''
  expect(text).toContain(`${prompt} <lora:kohya:-0.5> <lora:peft:1>\nNegative prompt:`)
  expect(parseParameters(text).fields.get('Lora hashes')).toBe(
    `kohya: ${await hash('kohya')}, peft: ${await hash('peft')}, unmatched-key: ${await hash('unmatched-key')}`,
  )
  expect(notices.map(({ message }) => message)).toEqual([
    'There is nothing in this base for 1 part of unmatched-key.safetensors: ' +
      'lora_unet_down_blocks_9_attentions_0_transformer_blocks_0_attn1_to_q.',
  ])
})

it('LoRAs are refused in one sentence before anything waits', async () => {
  const { queue } = await opened()
  const sentence = async (asked: object) => (await refusal(queue.enqueue({ ...request, ...asked }))).message
  expect(await sentence({ prompt: '<lora:nowhere>' })).toBe('There is no LoRA nowhere in the library.')
  expect(await sentence({ loras: [{ lora: 'nowhere' }] })).toContain('There is no model nowhere in the library')
  expect(await sentence({ loras: [{ lora: '/nowhere.safetensors' }] })).toContain('does not exist')
  expect(await sentence({ prompt: '<lora:kohya:much>' })).toContain('<lora:kohya:much>')
  const most = Array.from({ length: 32 }, () => ({ lora: file('peft') }))
  expect(await sentence({ loras: most, prompt: '<lora:kohya>' })).toBe('A picture can have at most 32 LoRAs.')
  expect((await queue.state({})).jobs).toEqual([])
})

it('a job whose LoRA was made for another family fails with both shapes, and the next goes on', async () => {
  const { app, queue } = await opened()
  await queue.enqueue({ ...request, loras: [{ lora: file('wrong-base'), strength: 1 }] })
  await queue.enqueue(request)
  await idle(app)
  const [failed] = (await queue.state({})).jobs
  expect(failed?.error?.message).toMatch(/\[64, 1024\].*\[64, 64\]/)
  expect(await pictures(app)).toHaveLength(1)
})

it('a LoRA is read anew where its file has changed', async () => {
  const app = await openStudio()
  const { queue } = app.services
  const path = join(await temporaryFolder(), 'own.safetensors')
  const drafts: unknown[] = []
  for (const name of ['kohya', 'peft']) {
    await copyFile(file(name), `${path}.part`)
    await rename(`${path}.part`, path)
    drafts.push((await queue.draft({ ...request, loras: [{ lora: path, strength: 1 }] }))?.picture)
    drafts.push((await queue.draft({ ...request, loras: [{ lora: path, strength: 0.5 }] }))?.picture)
  }
  expect(drafts).not.toContain(undefined)
  expect(new Set(drafts).size).toBe(4)
})
