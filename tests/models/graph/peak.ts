import { gradients } from '../../../models/graph/gradient.ts'
import { toOnnx } from '../../../models/graph/onnx/write.ts'
import { mul } from '../../../models/graph/ops/mul.ts'
import { sin } from '../../../models/graph/ops/sin.ts'
import { meanAll } from '../../../models/graph/ops/sum.ts'
import { input, type Value } from '../../../models/graph/value.ts'
import { openSession } from '../../../models/runtime/session.ts'
import { f32, type Tensor } from '../../../models/tensor/tensor.ts'

/**
 * `node peak.ts LAYERS EVERY`: prints by how many MiB a training step of a chain of layers raises this process's peak,
 * with every so many layers a boundary (0: none). Each layer keeps 8 MiB and has one parameter.
 */
const [layers, every] = process.argv.slice(2).map(Number) as [number, number]
const size = [2 ** 21]
let value: Value = input('x', { shape: size, dtype: 'f32' })
const feeds: Record<string, Tensor> = { x: f32(new Float32Array(2 ** 21).fill(0.5)) }
const trained: Value[] = []
const boundaries: Value[] = []
for (let i = 0; i < layers; i++) {
  const scale = input(`scale ${i}`, { shape: [1], dtype: 'f32' })
  feeds[`scale ${i}`] = f32(Float32Array.of(1))
  trained.push(scale)
  value = sin(mul(value, scale))
  if (every > 0 && (i + 1) % every === 0) boundaries.push(value)
}
const slopes = gradients(meanAll(value), trained, boundaries)
const session = await openSession(toOnnx(Object.fromEntries(slopes.map((slope, i) => [`${i}`, slope]))), { threads: 1 })
const peak = (): number => process.resourceUsage().maxRSS / 1024
const before = peak()
const results = await session.run(feeds)
console.log(JSON.stringify({ peak: peak() - before, slopes: slopes.map((_, i) => results[i]?.data[0]) }))
