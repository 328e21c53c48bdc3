import { expect, it } from 'vitest'
import { curvesSvg } from '../../../main/figures/curves.ts'

it('draws each curve where its numbers are, and leaves out what is none', () => {
  const curves = [{ name: 'w < 4', values: [0, Number.NaN, 1, 0.5] }]
  const svg = curvesSvg([{ title: 'A & B', curves, isShare: true }], { columns: 1, across: 'step' })
  expect(svg).toContain('A &amp; B')
  expect(svg).toContain('w &lt; 4')
  expect(svg).toContain('100%')
  const [, points = ''] = /<path d="M([^"]*)" fill="none"/.exec(svg) ?? []
  const places = points.split('L').map(point => point.split(' ').map(Number))
  expect(places.map(([x]) => x)).toEqual([40, 165.3, 228])
  const [low = 0, high = 0, half = 0] = places.map(([, y]) => y)
  expect(low).toBeGreaterThan(half)
  expect(half).toBeCloseTo((low + high) / 2, 1)
})
