import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { OpName } from '../../../models/graph/ops/index.ts'
import type { Cases } from './cases/case.ts'
import { cases } from './cases/index.ts'
import { check } from './check.ts'
import { opNamed, opNames, type ParamsOf } from './op-name.ts'
import { reference } from './reference/index.ts'
import { runCase } from './run-case.ts'

const trial = fc.record({ seed: fc.nat(2 ** 31 - 1), constants: fc.boolean() })

/** Random applications of one op, each as onnxruntime computes it, against the reference. */
async function tryOp<K extends OpName>(name: K): Promise<void> {
  const op = opNamed(name)
  const { ulps, cases: applications }: Cases<ParamsOf<K>> = cases[name]
  const property = fc.asyncProperty(applications, trial, (one, how) => runCase(op, reference[name], ulps, one, how))
  await fc.assert(property, check(40))
}

describe('each op in onnxruntime agrees with the reference, in shape and numbers, at two sizes', () => {
  test.each(opNames)('%s', { timeout: 60_000 }, tryOp)
})

test('ops are named as in the table: common subexpressions are told apart by the name', () => {
  expect(opNames.map(name => opNamed(name).name)).toEqual(opNames)
})
