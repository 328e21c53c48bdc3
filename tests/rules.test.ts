import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cruise } from 'dependency-cruiser'
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options'
import { afterAll, beforeAll, expect, test } from 'vitest'

const allowed: [file: string, imports: string][] = [
  ['renderer/api.ts', 'preload/contract/table.ts'],
  ['preload/contract/table.ts', 'zod'],
  ['preload/bridge.ts', 'electron'],
  ['main/app.ts', 'preload/contract/table.ts'],
  ['main/hosts/window.electron.ts', 'electron'],
  ['main/services/generation.ts', 'models/engine/client.ts'],
  ['main/database/jobs.ts', 'better-sqlite3'],
  ['models/tensor/header.ts', 'models/errors.ts'],
  ['models/graph/value.ts', 'models/tensor/header.ts'],
  ['models/graph/ops/mul.ts', 'models/graph/ops/sum.ts'],
  ['models/graph/ops/sum.ts', 'models/graph/ops/mul.ts'],
  ['models/engine/client.ts', 'models/training/loop.ts'],
  ['models/training/loop.ts', 'models/pipelines/generate.ts'],
  ['models/evaluation/evaluate.ts', 'models/training/loop.ts'],
  ['models/runtime/session.ts', 'onnxruntime-node'],
  ['models/pipelines/generate.ts', 'models/runtime/session.ts'],
  ['tests/generate.test.ts', 'models/pipelines/generate.ts'],
]

const forbidden: [file: string, imports: string][] = [
  ['renderer/bad-main.ts', 'main/app.ts'],
  ['renderer/bad-models.ts', 'models/errors.ts'],
  ['renderer/bad-bridge.ts', 'preload/bridge.ts'],
  ['preload/contract/bad-main.ts', 'main/app.ts'],
  ['preload/contract/bad-core.ts', 'node:fs'],
  ['preload/contract/bad-electron.ts', 'electron'],
  ['main/bad-electron.ts', 'electron'],
  ['main/bad-updater.ts', 'electron-updater'],
  ['main/bad-bridge.ts', 'preload/bridge.ts'],
  ['main/bad-renderer.ts', 'renderer/api.ts'],
  ['main/bad-tests.ts', 'tests/generate.test.ts'],
  ['main/services/bad-sqlite.ts', 'better-sqlite3'],
  ['main/bad-onnx.ts', 'onnxruntime-node'],
  ['models/engine/bad-main.ts', 'main/app.ts'],
  ['models/engine/bad-contract.ts', 'preload/contract/table.ts'],
  ['models/pipelines/bad-onnx.ts', 'onnxruntime-node'],
  ['models/pipelines/bad-types.ts', 'onnxruntime-common'],
  ['models/pipelines/bad-training.ts', 'models/training/loop.ts'],
  ['models/tensor/bad-graph.ts', 'models/graph/value.ts'],
  ['models/graph/bad-runtime.ts', 'models/runtime/session.ts'],
  ['models/networks/bad-runtime.ts', 'models/runtime/session.ts'],
  ['models/checkpoint/bad-pipelines.ts', 'models/pipelines/generate.ts'],
  ['models/prompt/bad-graph.ts', 'models/graph/value.ts'],
  ['models/samplers/bad-graph.ts', 'models/graph/value.ts'],
  ['models/guidance/bad-runtime.ts', 'models/runtime/session.ts'],
  ['models/runtime/bad-networks.ts', 'models/networks/bad-runtime.ts'],
  ['models/training/bad-engine.ts', 'models/engine/client.ts'],
  ['models/evaluation/bad-engine.ts', 'models/engine/client.ts'],
  ['models/graph/bad-name.ts', 'models/nowhere.ts'],
  ['models/graph/bad-circle.ts', 'models/graph/ops/circle.ts'],
]

const others: Record<string, string> = {
  'models/errors.ts': 'export class Failure {}',
  'models/graph/ops/circle.ts': `import * as used from '../bad-circle.ts'; export { used }`,
  'models/graph/op.ts': `import type { Other } from './other.ts'; export interface Op { other: Other }`,
  'models/graph/other.ts': `import type { Op } from './op.ts'; export interface Other { op: Op }`,
  'models/graph/bad-orphan.ts': 'export const alone = 1',
}

const folder = mkdtempSync(join(tmpdir(), 'cicerone-rules-'))
let rules: string[]
let broken: { from: string; rule: { name: string } }[]
const rulesBrokenBy = (file: string) => broken.filter(({ from }) => from === file).map(({ rule }) => rule.name)

beforeAll(async () => {
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  for (const [file, text] of Object.entries(others)) write(file, text)
  for (const [file, imports] of [...allowed, ...forbidden]) {
    const path = imports.endsWith('.ts') ? '../'.repeat(file.split('/').length - 1) + imports : imports
    write(file, `import * as used from '${path}'; export { used }`)
  }
  const options = await extractDepcruiseOptions(join(import.meta.dirname, '../.dependency-cruiser.mjs'))
  const { output } = await cruise(['.'], { ...options, baseDir: folder, validate: true })
  if (typeof output === 'string') throw new Error(output)
  rules = output.summary.ruleSetUsed?.forbidden?.map(rule => rule.name ?? '') ?? []
  // no package is installed in that folder, so of those that do not resolve only files count
  broken = output.summary.violations.filter(v => v.rule.name !== 'every import resolves' || v.to.endsWith('.ts'))
})
afterAll(() => rmSync(folder, { recursive: true }))

test.each(allowed)('%s may import %s', file => expect(rulesBrokenBy(file)).toEqual([]))
test.each(forbidden)('%s may not import %s', file => expect(rulesBrokenBy(file)).not.toEqual([]))
test('types may name each other', () => expect(rulesBrokenBy('models/graph/op.ts')).toEqual([]))
test('every rule bites', () => {
  expect(rules.length).toBeGreaterThan(15)
  expect(rules.filter(name => !broken.some(({ rule }) => rule.name === name))).toEqual([])
})
