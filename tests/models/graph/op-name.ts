import type { Op } from '../../../models/graph/op.ts'
import { type OpName, ops } from '../../../models/graph/ops/index.ts'

/** The parameters that an op takes. */
export type ParamsOf<K extends OpName> = (typeof ops)[K] extends Op<infer P> ? P : never

export const opNames = Object.keys(ops) as OpName[]

/** An op of the table with its own parameter type, which TypeScript loses when the name is a variable. */
export const opNamed = <K extends OpName>(name: K): Op<ParamsOf<K>> => ops[name] as unknown as Op<ParamsOf<K>>
