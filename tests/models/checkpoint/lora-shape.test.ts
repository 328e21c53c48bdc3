import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loraShape } from '../../../models/checkpoint/lora-shape.ts'
import { readHeader } from '../../../models/tensor/safetensors/header.ts'
import { type Headers, scratch, writeHollow } from './synthetic.ts'

const folder = scratch()

/** The shape of a LoRA with these tensors; an alpha is written as its third entry. */
async function shapeOf(tensors: Headers) {
  const path = await writeHollow(join(folder, 'lora.safetensors'), tensors)
  const { entries } = await readHeader(path)
  const handle = await open(path, 'r+')
  for (const [key, [, , value]] of Object.entries(tensors)) {
    if (typeof value !== 'number') continue
    await handle.write(new Uint8Array(Float32Array.of(value).buffer), 0, 4, entries.get(key)!.offset)
  }
  await handle.close()
  return loraShape(entries)
}

test.each([
  [
    'kohya',
    {
      'lora_unet_a.lora_down.weight': ['F16', [8, 64]],
      'lora_unet_a.lora_up.weight': ['F16', [64, 8]],
      'lora_unet_a.alpha': ['F32', [], 4],
      'lora_unet_b.lora_down.weight': ['F16', [16, 64, 3, 3]],
      'lora_unet_b.lora_up.weight': ['F16', [64, 16, 1, 1]],
      'lora_unet_b.alpha': ['F32', [1], 1.5],
      'lora_unet_c.lora_down.weight': ['F16', [8, 64, 1, 1]],
      'lora_te_d.lora_down.weight': ['F16', [4, 32]],
      'lora_te2_e.lora_down.weight': ['F16', [4, 32]],
    },
    {
      ...{ modules: 5, ranks: [4, 8, 16], alphas: [1.5, 4] },
      targets: {
        unet: { linear: 2, convolution: 1 },
        text_encoder: { linear: 1, convolution: 0 },
        text_encoder_2: { linear: 1, convolution: 0 },
      },
    },
  ],
  [
    'PEFT',
    {
      'unet.a.to_q.lora_A.weight': ['F16', [8, 64]],
      'unet.a.to_q.lora_B.weight': ['F16', [64, 8]],
      'text_encoder.a.lora_A.default.weight': ['F16', [2, 64]],
      'unet.a.conv.lora.down.weight': ['F16', [3, 64, 3, 3]],
      'unet.a.processor.to_k_lora.down.weight': ['F16', [5, 64]],
    },
    {
      modules: 4,
      ranks: [2, 3, 5, 8],
      alphas: [],
      targets: { unet: { linear: 2, convolution: 1 }, text_encoder: { linear: 1, convolution: 0 } },
    },
  ],
  [
    'LoHa',
    {
      'lora_unet_a.hada_w1_a': ['F16', [64, 6]],
      'lora_unet_a.hada_w1_b': ['F16', [6, 32]],
      'lora_unet_a.hada_w2_b': ['F16', [6, 32]],
    },
    { modules: 1, ranks: [6], targets: { unet: { linear: 1, convolution: 0 } } },
  ],
  [
    'LoKr',
    {
      'lora_unet_a.lokr_w1': ['F16', [4, 4]],
      'lora_unet_a.lokr_w2_a': ['F16', [16, 5]],
      'lora_unet_a.lokr_w2_b': ['F16', [5, 16]],
    },
    { modules: 1, ranks: [5] },
  ],
  [
    'an alpha that is no number',
    {
      'lora_unet_a.alpha': ['F32', [], Number.NaN],
      'lora_unet_b.alpha': ['I64', []],
      'lora_unet_c.alpha': ['F32', [7]],
    },
    { alphas: [] },
  ],
] as const)('%s', async (_, tensors, expected) => {
  expect(await shapeOf(tensors)).toMatchObject(expected)
})
