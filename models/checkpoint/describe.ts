import { stat } from 'node:fs/promises'
import { readHeader } from '../tensor/safetensors/header.ts'
import { pathError } from '../tensor/safetensors/open.ts'
import type { ModelDescription } from './checkpoint.ts'
import { describeFolder } from './layouts/diffusers.ts'
import { layouts } from './layouts/index.ts'
import type { Layout } from './layouts/layout.ts'

/**
 * Says what a file or folder is, from headers alone: no weights are read.
 * @throws UserError where it cannot be read, or is damaged or hostile
 */
export const describeModel = async (path: string): Promise<ModelDescription> => {
  const info = await stat(path).catch((error: unknown) => {
    throw pathError(path, error)
  })
  if (info.isDirectory()) return describeFolder(path)
  const header = await readHeader(path)
  const layout = layouts.find(({ matches }) => matches(header)) as Layout
  return layout.describe(header)
}
