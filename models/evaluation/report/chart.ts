/** A curve; a point with a label says what it is. */
export interface Line {
  readonly name: string
  readonly points: readonly { readonly x: number; readonly y: number; readonly label?: string }[]
}

interface Chart {
  readonly title: string
  /** What the axes show. */
  readonly across: string
  readonly up: string
  readonly lines: readonly Line[]
}

const [width, height] = [760, 460]
const frame = { left: 64, right: 200, top: 40, bottom: 52 }

/** Curves as an SVG picture, with axes and a legend. */
export function chart({ title, across, up, lines }: Chart): string {
  const drawn = lines.filter(({ points }) => points.length > 0)
  const points = drawn.flatMap(line => line.points)
  const [xs, ys] = [ticks(points.map(({ x }) => x)), ticks(points.map(({ y }) => y))]
  const place = (value: number, all: readonly number[], from: number, to: number) => {
    const [low = 0, high = 1] = [all.at(0), all.at(-1)]
    return (from + ((value - low) / (high - low)) * (to - from)).toFixed(1)
  }
  const x = (value: number) => place(value, xs, frame.left, width - frame.right)
  const y = (value: number) => place(value, ys, height - frame.bottom, frame.top)
  const text = (at: string, words: string, more = '') => `<text ${at} ${more}>${escaped(words)}</text>`
  const grid = [
    ...xs.map(value => `<path d="M${x(value)} ${frame.top}V${height - frame.bottom}" stroke="#ddd"/>`),
    ...ys.map(value => `<path d="M${frame.left} ${y(value)}H${width - frame.right}" stroke="#ddd"/>`),
    ...xs.map(value => text(`x="${x(value)}" y="${height - frame.bottom + 18}"`, told(value), 'text-anchor="middle"')),
    ...ys.map(value => text(`x="${frame.left - 8}" y="${y(value)}" dy="4"`, told(value), 'text-anchor="end"')),
  ]
  const curves = drawn.flatMap(({ name, points }, i) => {
    const colour = `hsl(${Math.round((i * 360) / drawn.length)} 70% 40%)`
    const path = points.map((point, j) => `${j === 0 ? 'M' : 'L'}${x(point.x)} ${y(point.y)}`).join('')
    const legend = frame.top + 8 + i * 18
    return [
      `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...points.map(point => `<circle cx="${x(point.x)}" cy="${y(point.y)}" r="3.5" fill="${colour}"/>`),
      ...points.flatMap(point =>
        point.label === undefined ? [] : [text(`x="${x(point.x)}" y="${y(point.y)}" dx="6" dy="-6"`, point.label)],
      ),
      `<path d="M${width - frame.right + 16} ${legend}h18" stroke="${colour}" stroke-width="2"/>`,
      text(`x="${width - frame.right + 40}" y="${legend + 4}"`, name),
    ]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(`x="${frame.left}" y="24"`, title, 'font-size="15"'),
    ...grid,
    ...curves,
    text(`x="${(frame.left + width - frame.right) / 2}" y="${height - 12}"`, across, 'text-anchor="middle"'),
    text(`x="16" y="${height / 2}"`, up, `text-anchor="middle" transform="rotate(-90 16 ${height / 2})"`),
    '</svg>',
    '',
  ].join('\n')
}

/** Round numbers from below the least value to above the greatest. */
function ticks(values: readonly number[]): number[] {
  const [low, high] = values.length > 0 ? [Math.min(...values), Math.max(...values)] : [0, 1]
  const rough = (high - low || Math.abs(high) || 1) / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5, 10].find(times => times * power >= rough) as number)
  const [first, last] = [Math.floor(low / step), Math.max(Math.ceil(high / step), Math.floor(low / step) + 1)]
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step)
}

const told = (value: number): string => String(Number(value.toPrecision(4)))

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
export const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, letter => escapes[letter] as string)
