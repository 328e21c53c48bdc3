import fc from 'fast-check'
import { type Cases, f32Input, int, twoSizes } from './case.ts'

const block = int(1, 4)

export const upsampleNearest: Cases<{ readonly scale: number }> = {
  ulps: 0,
  cases: fc.tuple(int(1, 3), int(1, 4), twoSizes(['n', 'h', 'w'], 1, 9)).map(([channels, scale, sizes]) => ({
    params: { scale },
    inputs: [f32Input(['n', channels, 'h', 'w'])],
    sizes,
  })),
}

export const resizeNearestLike: Cases<Readonly<Record<string, never>>> = {
  ulps: 0,
  cases: fc.tuple(int(1, 3), int(1, 3), twoSizes(['n', 'm', 'y', 'z'], 1, 17)).map(([channels, others, [one, two]]) => {
    const halved = (s: typeof one) => ({ ...s, h: Math.ceil((s.y as number) / 2), w: Math.ceil((s.z as number) / 2) })
    return {
      params: {},
      inputs: [f32Input(['n', channels, 'h', 'w']), f32Input(['m', others, 'y', 'z'])],
      sizes: [halved(one), halved(two)],
    }
  }),
}

export const pixelShuffle: Cases<{ readonly block: number }> = {
  ulps: 0,
  cases: fc.tuple(block, int(1, 3), twoSizes(['n', 'h', 'w'], 1, 5)).map(([size, channels, sizes]) => ({
    params: { block: size },
    inputs: [f32Input(['n', channels * size ** 2, 'h', 'w'])],
    sizes,
  })),
}

export const sumPool: Cases<{ readonly block: number }> = {
  ulps: 8,
  cases: fc.tuple(block, int(1, 3), twoSizes(['n', 'h', 'w'], 1, 4)).map(([size, channels, [one, two]]) => {
    const blocks = (s: typeof one) => ({ n: s.n as number, h: (s.h as number) * size, w: (s.w as number) * size })
    return {
      params: { block: size },
      inputs: [f32Input(['n', channels, 'h', 'w'])],
      sizes: [blocks(one), blocks(two)],
    }
  }),
}

export const pixelUnshuffle: Cases<{ readonly block: number }> = {
  ulps: 0,
  cases: fc.tuple(block, int(1, 3), twoSizes(['n', 'h', 'w'], 1, 4)).map(([size, channels, [one, two]]) => {
    const blocks = (s: typeof one) => ({ n: s.n as number, h: (s.h as number) * size, w: (s.w as number) * size })
    return {
      params: { block: size },
      inputs: [f32Input(['n', channels, 'h', 'w'])],
      sizes: [blocks(one), blocks(two)],
    }
  }),
}
