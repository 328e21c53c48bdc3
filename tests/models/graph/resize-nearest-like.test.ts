import { expect, test } from 'vitest'
import { toOnnx } from '../../../models/graph/onnx/write.ts'
import { resizeNearestLike } from '../../../models/graph/ops/resize-nearest-like.ts'
import { input } from '../../../models/graph/value.ts'
import { f32 } from '../../../models/tensor/tensor.ts'
import { runAll } from './run-case.ts'

test('every side up to 512 is doubled to the exact pixel, odd ones too', async () => {
  const x = input('x', { shape: [1, 1, 1, 4], dtype: 'f32' }, [null, null, null, 'w'])
  const like = input('like', { shape: [1, 1, 1, 8], dtype: 'f32' }, [null, null, null, 'wide'])
  const wanted = Array.from({ length: 512 }, (_, i) => i + 1)
  const results = await runAll(
    toOnnx({ y: resizeNearestLike(x, like) }),
    wanted.map(size => {
      const half = Math.ceil(size / 2)
      const pixels = Float32Array.from({ length: half }, (_, i) => i)
      return { x: f32(pixels, [1, 1, 1, half]), like: f32(new Float32Array(size), [1, 1, 1, size]) }
    }),
  )
  for (const [i, size] of wanted.entries()) {
    const half = Math.ceil(size / 2)
    const exact = Float32Array.from({ length: size }, (_, place) => Math.floor((place * half) / size))
    expect(results[i]?.y?.data).toEqual(exact)
  }
})
