import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import type { NoParams } from './elementwise.ts'
import { pad } from './pad.ts'
import { sumPool } from './sum-pool.ts'

/** How torch's nearest interpolation picks pixels. */
export const nearest = { mode: 'nearest', nearest_mode: 'floor', coordinate_transformation_mode: 'asymmetric' } as const

export const resizeNearestLikeOp: Op<NoParams> = {
  name: 'resizeNearestLike',
  infer(inputs) {
    const [x, like] = inputs as [Value, Value]
    if (x.shape.length !== 4 || like.shape.length !== 4) clash('resizeNearestLike', 'takes [n, channels, h, w]', inputs)
    if (x.dtype !== 'f32') clash('resizeNearestLike', 'takes f32', inputs)
    if ([2, 3].some(axis => x.shape[axis] !== Math.ceil((like.shape[axis] as number) / 2)))
      clash('resizeNearestLike', 'the sides are not half of those asked for', inputs)
    return { shape: [...x.shape.slice(0, 2), ...like.shape.slice(2)], dtype: 'f32' }
  },
  emit(emitter, [x, like]) {
    const own = emitter.node('Shape', [x as string], { end: 2 })
    const target = emitter.node('Shape', [like as string], { start: 2 })
    const sizes = emitter.node('Concat', [own, target], { axis: 0 })
    return emitter.node('Resize', [x as string, '', '', sizes], nearest)
  },
  /** At these ratios pixel i is taken from i / 2, so an odd side only lacks its last pixel. */
  gradient(output) {
    const odd = output.shape.map((size, axis) => (axis > 1 ? size % 2 : 0))
    return [sumPool(pad(output, [0, 0, 0, 0], odd), 2), undefined]
  },
}

/**
 * x [n, channels, h, w] doubled to the height and width of `like`, which may be odd: pixel i is taken from
 * floor(i * in / out). At other ratios (14 to 16) onnxruntime's f32 division misses that by a pixel, so they
 * are refused.
 */
export const resizeNearestLike = (x: Value, like: Value): Value => apply(resizeNearestLikeOp, [x, like], {})
