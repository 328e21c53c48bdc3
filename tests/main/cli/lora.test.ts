import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readPngText } from '../../../main/gallery/png.ts'
import { parseSettings } from '../../../main/gallery/settings.ts'
import { loraOption } from '../../../main/hosts/cli/lora-option.ts'
import { fixture } from '../../support/fixtures.ts'
import { cicerone } from './cicerone.ts'

it.each([
  ['ink', { lora: 'ink' }],
  ['ink:0.7', { lora: 'ink', strength: 0.7 }],
  ['/loras/ink.safetensors:-1', { lora: '/loras/ink.safetensors', strength: -1 }],
  ['C:\\loras\\ink.safetensors', { lora: 'C:\\loras\\ink.safetensors' }],
  ['C:\\loras\\ink.safetensors:.5', { lora: 'C:\\loras\\ink.safetensors', strength: 0.5 }],
  ['/loras/a:b.safetensors', { lora: '/loras/a:b.safetensors' }],
])('--lora %s', (text, expected) => {
  expect(loraOption(text, [{ lora: 'first' }])).toEqual([{ lora: 'first' }, expected])
})

describe('cicerone generate --lora', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cicerone-lora-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  const base = ['--base', fixture('sd1-tiny', 'sd1-tiny.safetensors'), '--width', '64', '--height', '64']
  const rest = [...base, '--steps', '1', '--method', 'none', '--seed', '1', '--json']
  const paint = (name: string, ...args: string[]) =>
    cicerone('generate', 'a fox', ...rest, '--data-dir', folder, '--out', join(folder, name), ...args)
  const file = (name: string) => fixture('lora', `${name}.safetensors`)

  it('plugs several in, says what fits nowhere, and records them', async () => {
    const out = 'a.png'
    const { code, stderr } = await paint(out, '--lora', `${file('unmatched-key')}:0.5`, '--lora', file('peft'))
    expect(code).toBe(0)
    expect(stderr).toContain(
      'There is nothing in this base for 1 part of unmatched-key.safetensors: lora_unet_down_blocks_9',
    )
    const settings = parseSettings((await readPngText(join(folder, out))).get('cicerone') ?? '')
    expect(settings?.loras).toMatchObject([
      { name: 'unmatched-key', strength: 0.5 },
      { name: 'peft', strength: 1 },
    ])
  })

  it('finds those that the prompt names in the library', async () => {
    expect((await cicerone('import', file('kohya'), '--data-dir', folder)).code).toBe(0)
    const named = await paint('b.png', '--negative', '')
    expect(named.code).toBe(0)
    const args = ['generate', 'a fox <lora:kohya:0.5>', ...rest, '--data-dir', folder, '--out', join(folder, 'c.png')]
    expect((await cicerone(...args)).code).toBe(0)
    const settings = parseSettings((await readPngText(join(folder, 'c.png'))).get('cicerone') ?? '')
    expect(settings).toMatchObject({ prompt: 'a fox <lora:kohya:0.5>', loras: [{ name: 'kohya', inPrompt: true }] })
  })

  it.each([
    [2, ['--lora', 'ink:11'], '--lora: must be a number from -10 to 10.'],
    [1, ['--lora', 'ink'], 'There is no model ink in the library'],
    [1, ['--lora', '/nowhere.safetensors:1'], '/nowhere.safetensors does not exist.'],
    [1, ['--lora', fixture('lora', 'wrong-base.safetensors')], "and the base's is [64, 64]"],
    [1, ['--lora', fixture('sd1-tiny', 'sd1-tiny.safetensors')], 'This is a base, not a LoRA.'],
  ])('ends with %i for %j', async (wanted, args, sentence) => {
    const { code, stdout } = await paint('none.png', ...args)
    expect(code).toBe(wanted)
    expect(JSON.parse(stdout).error).toContain(sentence)
  })
})
