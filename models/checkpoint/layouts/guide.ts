import { UserError } from '../../errors.ts'
import { type GuideKindName, guideKinds } from '../../networks/guide/index.ts'
import type { SafetensorsFile } from '../../tensor/safetensors/header.ts'
import type { GuideContent } from '../checkpoint.ts'
import { readGuideRecord } from '../guide-metadata.ts'
import { fromHeader, type Layout } from './layout.ts'

const refusal = { message: 'This file holds a guide, which plugs into a model; choose it as a guide, not as a model.' }

/** A guide of this studio: its metadata says so. A prototype's says no more than its kind. */
export const guide: Layout = {
  name: 'guide',
  matches: ({ metadata, entries }) =>
    (metadata['modelspec.architecture'] ?? '').endsWith('/guide') ||
    (entries.has('cond.mlp.0.weight') && readGuideRecord(metadata) !== undefined),
  describe: header => {
    const architecture = header.metadata['modelspec.architecture']
    return {
      kind: 'guide',
      layout: 'guide',
      ...fromHeader(header),
      entries: header.entries,
      content: contentOf(header),
      refusal,
      ...(architecture !== undefined && { architecture }),
    }
  },
}

function contentOf({ metadata, entries }: SafetensorsFile): GuideContent | UserError {
  const record = readGuideRecord(metadata)
  if (record === undefined) return new UserError('This guide does not say how it was built.', newer)
  if (typeof record === 'string') return new UserError(record, newer)
  const { kind, modules, facts } = record
  if (!isKnown(kind))
    return new UserError(`This guide is of the kind ${kind}, which this version does not know.`, newer)
  const shapes = new Map([...entries].map(([key, { shape }]) => [key, shape]))
  const config = { shapes, modules }
  // What the tensors show holds whatever the metadata says.
  const base = { ...facts.base, ...guideKinds[kind].fitting(config) }
  return { guideKind: kind, config, facts: { ...facts, base } }
}

const isKnown = (kind: string): kind is GuideKindName => Object.hasOwn(guideKinds, kind)

const newer = 'Look for a newer version of the studio, or get the guide anew.'
