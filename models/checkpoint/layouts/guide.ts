import { type Layout, otherLayout } from './layout.ts'

/** A guide of this studio: its metadata says so, and which base it fits. */
export const guide: Layout = otherLayout(
  'guide',
  'guide',
  ({ metadata }) => (metadata['modelspec.architecture'] ?? '').endsWith('/guide'),
  { message: 'This file holds a guide, which plugs into a model; choose it as a guide, not as a model.' },
  ({ metadata }) => metadata['modelspec.architecture'],
)
