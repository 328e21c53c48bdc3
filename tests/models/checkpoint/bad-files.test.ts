import { expect, test } from 'vitest'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { findNaN } from '../../../models/checkpoint/nan.ts'
import { UserError } from '../../../models/errors.ts'
import { check } from '../../parity/bad-files.ts'
import { fixture } from '../../support/fixtures.ts'

/** The exact sentences; tests/parity judges the same files by the words of the fixture itself. */
const sentences: Readonly<Record<string, string>> = {
  'truncated-data.safetensors': 'The file is cut short: tensor b ends past the end of the file; download it again.',
  'truncated-header.safetensors': 'The file ends inside its header; download it again.',
  'five-bytes.safetensors': 'The file is too short to be a safetensors file.',
  'empty.safetensors': 'The file is empty.',
  'header-absurd.safetensors':
    'The header length is larger than the file; this is not a safetensors file or it is damaged.',
  'header-over-cap.safetensors': 'The stated header is 500 MB, over the 100 MB that safetensors allows.',
  'header-not-json.safetensors': 'The header is not valid JSON.',
  'header-not-utf8.safetensors': 'The header is not valid text.',
  'header-deep.safetensors': 'The header is nested too deeply to be genuine.',
  'header-array.safetensors': 'The header is not a table of tensors.',
  'overlap.safetensors': 'Tensors a and b claim the same bytes.',
  'gap.safetensors': 'There are bytes that belong to no tensor between a and b.',
  'backwards.safetensors': 'Tensor a ends before it begins.',
  'negative.safetensors': 'Tensor a has a negative offset or size.',
  'size-mismatch.safetensors':
    'Tensor a has the shape [6, 7], which needs more bytes (168) than its offsets give (144).',
  'shape-overflow.safetensors': 'Tensor a has the shape [4294967296, 4294967296, 4], which is impossibly large.',
  'huge-claim.safetensors': 'Tensor a claims 1 TB in a file of 236 bytes.',
  'dtype-unknown.safetensors': 'Tensor a has the unknown number type F17.',
  'duplicate-key.safetensors': 'Tensor a appears twice in the header.',
  'page.safetensors': 'This is a web page, not a model; the download probably needed a login.',
  'pointer.safetensors': 'This is a Git LFS pointer, not the model itself; fetch the real file.',
  'model.gguf': 'GGUF files are not supported; use a .safetensors file.',
  'custom-global.ckpt': 'Pickle checkpoints can run code and are refused; convert it to .safetensors.',
  'torch-zip.ckpt': 'This is a PyTorch pickle checkpoint (a zip); refused, convert it to .safetensors.',
  'pickle-named.safetensors': 'The name says safetensors but this is a PyTorch pickle (a zip); refused.',
  'unrelated-bert.safetensors': 'This file holds no Stable Diffusion UNet; it looks like a language model (bert.*).',
  'vae-only.safetensors': 'This file holds only a VAE; choose it as a VAE, not as a model.',
  'int-weights.safetensors':
    'model.diffusion_model.out.2.weight holds integers where numbers with fractions are needed.',
}

test.each(Object.entries(sentences))('%s', async (file, sentence) => {
  const error = await describeModel(fixture('bad-files', file))
    .then(asBase)
    .catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(UserError)
  expect((error as UserError).message).toBe(sentence)
})

test('the parity check finds every file refused or left to the networks, and every number type exact', async () => {
  const results = await check(fixture('bad-files'))
  expect(results.filter(({ status }) => status === 'failed')).toEqual([])
  expect(results.filter(({ status }) => status === 'skipped')).toHaveLength(3)
  expect(results).toHaveLength(31 + 14)
})

test('the parity check fails where a file is accepted, or refused for another reason', async () => {
  const accepted = await check(fixture('bad-files'), async () => undefined)
  expect(accepted.filter(({ status }) => status === 'failed').map(({ name }) => name)).toEqual([
    'bad-files missing-tensor.safetensors',
    'bad-files wrong-shape.safetensors',
    'bad-files nan-weights.safetensors',
  ])
  const other = await check(fixture('bad-files'), async () => 'Something is wrong with this file.')
  expect(other.filter(({ status }) => status === 'failed')).toHaveLength(3)
})

test('the weight that is not a number is found, and none in a sound file', async () => {
  const tables = async (...path: string[]) => {
    const { unet, vae, textEncoders } = asBase(await describeModel(fixture(...path)))
    return [unet, vae, ...textEncoders].map(({ table }) => table)
  }
  const bad = await findNaN(await tables('bad-files', 'nan-weights.safetensors'))
  expect(bad?.key).toBe('model.diffusion_model.output_blocks.3.0.in_layers.2.weight')
  expect(await findNaN(await tables('sd1-tiny', 'sd1-tiny.safetensors'))).toBeUndefined()
})
