import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const text = readFileSync(join(root, 'docs/SECURITY.md'), 'utf8')
const rows = text
  .split('\n')
  .flatMap(row => [...row.matchAll(/^\| (\d+) \|.*\| `([^`]+)`: (?:`` ?(.+?) ?``|`([^`]+)`) \|$/g)])
  .map(([, point, file = '', long, short]) => ({ point, file, line: (long ?? short ?? '').replaceAll('\\|', '|') }))

it.each(rows)('point $point is answered by a line of $file', ({ file, line }) => {
  expect(readFileSync(join(root, file), 'utf8')).toContain(line)
})

it('answers all points of Electron’s checklist', () => {
  expect(rows.map(({ point }) => Number(point))).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
})
