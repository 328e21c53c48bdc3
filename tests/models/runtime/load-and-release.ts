/**
 * Loads a file of f32 matrices [512, 512], multiplies by one after another and releases them, several times;
 * prints the resident bytes as JSON. Its own process, so that nothing else is counted.
 *     node load-and-release.ts FILE MATRICES TIMES
 */
import { toOnnx } from '../../../models/graph/onnx/write.ts'
import { linear } from '../../../models/graph/ops/linear.ts'
import { input, type Value, weight } from '../../../models/graph/value.ts'
import { openSession } from '../../../models/runtime/session.ts'
import { f32 } from '../../../models/tensor/tensor.ts'

const [file, matrices, times] = [process.argv[2] as string, Number(process.argv[3]), Number(process.argv[4])]
const width = 512
const bytes = 4 * width * width
const x = input('x', { shape: [1, width], dtype: 'f32' }, ['n'])
let y: Value = x
for (let i = 0; i < matrices; i++)
  y = linear(y, weight({ key: `${i}`, file, dtype: 'f32', shape: [width, width], offset: i * bytes, bytes }))
const model = toOnnx({ y })

const after: number[] = []
let loaded = 0
for (let i = 0; i < times; i++) {
  const session = await openSession(model, { threads: 1 })
  await session.run({ x: f32(new Float32Array(width).fill(1), [1, width]) })
  loaded = process.memoryUsage.rss()
  await session.release()
  after.push(process.memoryUsage.rss())
}
console.log(JSON.stringify({ loaded, after }))
