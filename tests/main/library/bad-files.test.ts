import { createReadStream, openAsBlob } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { headerOf } from '../../../renderer/api/header.ts'
import { fixture } from '../../support/fixtures.ts'
import { openStudio, own, refusal } from '../studio.ts'

/** The files below a folder, but for what SQLite comes and goes with. */
const contents = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter(entry => entry.isFile() && !/-(?:wal|shm)$/.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted()

/** These are sound models by their headers. */
const accepted = new Set(['vae-only.safetensors', 'nan-weights.safetensors'])

it('gives every bad file its sentence, dropped, uploaded and imported, and leaves no trace', async () => {
  const app = await openStudio()
  const list: { file: string }[] = JSON.parse(await readFile(fixture('bad-files', 'bad-files.json'), 'utf8'))
  const bad = list.map(({ file }) => file).filter(file => !accepted.has(file))
  expect(bad).toHaveLength(29)
  const { models } = app.services
  await models.list({})
  const before = await contents(app.data)
  for (const file of bad) {
    const source = { path: fixture('bad-files', file) }
    const told = await models.inspect({ source }).then(
      ({ usable, problem, hint, ways }) => ({ usable, ways, message: problem, hint }),
      error => error,
    )
    expect(told.message, file).toMatch(/\w.*\.$/)
    for (const way of ['link', 'copy', 'in place'] as const)
      expect(await refusal(models.import({ source, way })), file).toMatchObject({
        name: 'UserError',
        message: told.message,
      })

    const whole = await openAsBlob(source.path)
    const header = await headerOf(whole)
    const looked = app.library.inspectStart({ name: file, size: whole.size }, header.stream())
    const toldOfHeader = await looked.then(
      ({ problem }) => problem,
      error => error.message,
    )
    expect(toldOfHeader, file).toBe(told.message)

    const uploaded = await app.library.uploads.receive(file, createReadStream(source.path))
    expect((await refusal(models.import({ source: uploaded, way: 'copy' }))).message, file).toBe(told.message)
    expect((await refusal(models.inspect({ source: uploaded }))).message, file).toContain('not there any more')
  }
  expect(await contents(app.data)).toEqual(before)
  expect(await own(app)).toEqual([])
})

it('shows what a file is although it cannot be painted with', async () => {
  const app = await openStudio()
  const sheet = (file: string) => app.services.models.inspect({ source: { path: fixture('bad-files', file) } })
  expect(await sheet('missing-tensor.safetensors')).toMatchObject({
    ...{ kind: 'base', architecture: 'sd1', usable: false, ways: [] },
    problem: 'The model lacks model.diffusion_model.middle_block.1.transformer_blocks.0.attn2.to_v.weight.',
    hint: 'The file is damaged or not a complete model; download it again.',
  })
  expect(await sheet('vae-only.safetensors')).toMatchObject({
    ...{ kind: 'vae', usable: false, ways: ['link', 'copy', 'in place'] },
    target: join(app.data, 'models', 'vaes', 'vae-only.safetensors'),
  })
})
