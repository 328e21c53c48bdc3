import { expect, test } from 'vitest'
import { Generator } from '../../../../models/tensor/random.ts'
import { openScenes } from '../../../../resources/recipes/scenes/scenes.ts'
import { blur, edges } from '../../../../resources/recipes/scenes/treatments/filters.ts'
import { treatments } from '../../../../resources/recipes/scenes/treatments/index.ts'
import { art } from './squares.ts'

const options = { size: 64, seed: 7, split: 'train' } as const

test.each(Object.keys(treatments))('%s shows the same scenes in another way', async style => {
  const [plain, treated, again] = await Promise.all([
    openScenes(art, options),
    openScenes(art, { ...options, style }),
    openScenes(art, { ...options, style }),
  ])
  for (let i = 0; i < 20; i++) {
    const [before, after] = [plain(i), treated(i)]
    expect(after).toEqual(again(i))
    expect(after.scene).toMatchObject({ thing: before.scene.thing, background: before.scene.background, style })
    expect(after.picture).toHaveLength(before.picture.length)
    const changed = after.picture.filter((value, p) => Math.abs(value - (before.picture[p] ?? 0)) > 16).length
    expect(changed / after.picture.length).toBeGreaterThan(0.05)
  }
})

test('pixel art has 32 squares a side, of six shades', async () => {
  const paint = await openScenes(art, { ...options, style: 'pixel art' })
  for (let i = 0; i < 10; i++) {
    const { picture } = paint(i)
    picture.forEach((value, p) => {
      const [y, x] = [Math.floor(p / 64), p % 64]
      expect(value).toBe(picture[(y - (y % 2)) * 64 + x - (x % 2)])
      expect(value % 51).toBe(0)
    })
  }
})

test('blur is the mean of a square', () => {
  const size = 9
  const plane = new Generator(3).uniforms(size * size)
  const inside = (i: number): number => Math.min(size - 1, Math.max(0, i))
  const slow = plane.map((_, i) => {
    let sum = 0
    for (let dy = -2; dy <= 2; dy++)
      for (let dx = -2; dx <= 2; dx++)
        sum += plane[inside(Math.floor(i / size) + dy) * size + inside((i % size) + dx)] as number
    return sum / 25
  })
  blur(plane, size, 2).forEach((value, i) => {
    expect(value).toBeCloseTo(slow[i] as number, 5)
  })
})

test('edges of a step from black to white are 1, of a flat picture 0', () => {
  const size = 8
  const step = Uint8Array.from({ length: 3 * size * size }, (_, i) => (i % size < 4 ? 0 : 255))
  const steep = edges(step, size)
  expect(steep[3 * size + 3]).toBeCloseTo(1, 5)
  expect(steep[3 * size + 1]).toBe(0)
})
