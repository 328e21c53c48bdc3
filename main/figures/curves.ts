/** A curve: a number for each step, or none there. */
export interface Curve {
  readonly name: string
  readonly values: readonly number[]
  /** Whether it is drawn as a thin dashed line: what others are held against. */
  readonly isMark?: boolean
}

/** One panel of a figure. */
export interface Panel {
  readonly title: string
  readonly curves: readonly Curve[]
  /** Highest number of the axis; that of the curves where it is left out. The lowest is 0. */
  readonly most?: number
  /** Whether numbers are shares, which are written in per cent. */
  readonly isShare?: boolean
}

const panel = { width: 240, height: 150, left: 40, top: 26, right: 12, bottom: 26 }
/** Lamplight, from the weakest guidance to the strongest. */
const colours = ['#8a6d3b', '#c98a1b', '#f0b347', '#e0643c', '#b3304a', '#6b4fa0']

/** Panels of curves over steps as an SVG, with one legend; colours are those of the curves' names, in their order. */
export function curvesSvg(panels: readonly Panel[], { columns, across }: { columns: number; across: string }): string {
  const names = [
    ...new Set(panels.flatMap(({ curves }) => curves.filter(curve => !curve.isMark).map(({ name }) => name))),
  ]
  const colourOf = (name: string) => colours[names.indexOf(name) % colours.length] ?? '#888'
  const rows = Math.ceil(panels.length / columns)
  const width = columns * panel.width
  const legend = names.map(
    (name, i) =>
      `<g transform="translate(${panel.left + i * 84},14)"><path d="M0 -4h18" stroke="${colourOf(name)}" stroke-width="2"/><text x="24">${escaped(name)}</text></g>`,
  )
  const drawn = panels.map(
    (own, i) =>
      `<g transform="translate(${(i % columns) * panel.width},${22 + Math.floor(i / columns) * panel.height})">${panelSvg(own, colourOf, across)}</g>`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${22 + rows * panel.height}" width="${width}" font-family="Inter, system-ui, sans-serif" font-size="11" fill="#777">`,
    `<title>${escaped(panels.map(({ title }) => title).join(', '))}</title>`,
    // On a white page and on a dark one alike.
    ...[...legend, ...drawn],
    '</svg>\n',
  ].join('\n')
}

function panelSvg(
  { title, curves, most, isShare = false }: Panel,
  colourOf: (name: string) => string,
  across: string,
): string {
  const { left, top } = panel
  const [wide, high] = [panel.width - left - panel.right, panel.height - top - panel.bottom]
  const highest = niceAbove(most ?? Math.max(0, ...curves.flatMap(({ values }) => values.filter(Number.isFinite))))
  const steps = Math.max(2, ...curves.map(({ values }) => values.length))
  const x = (step: number) => left + (wide * step) / (steps - 1)
  const y = (value: number) => top + high * (1 - Math.min(value, highest) / highest)
  const ticks = [0, highest / 2, highest].map(value => {
    const at = y(value).toFixed(1)
    return `<path d="M${left} ${at}h${wide}" stroke="#888" stroke-opacity=".25"/><text x="${left - 5}" y="${Number(at) + 4}" text-anchor="end">${isShare ? `${round(value * 100)}%` : round(value)}</text>`
  })
  const lines = curves.map(({ name, values, isMark }) => {
    const points = values.flatMap((value, step) =>
      Number.isFinite(value) ? [`${x(step).toFixed(1)} ${y(value).toFixed(1)}`] : [],
    )
    const stroke = isMark ? 'stroke-width="1" stroke-dasharray="3 3"' : 'stroke-width="2"'
    return points.length > 0 ? `<path d="M${points.join('L')}" fill="none" stroke="${colourOf(name)}" ${stroke}/>` : ''
  })
  const caption = `<text x="${left}" y="${top - 9}" font-weight="600">${escaped(title)}</text><text x="${left + wide}" y="${panel.height - 10}" text-anchor="end">${escaped(across)} ${steps}</text><text x="${left}" y="${panel.height - 10}">1</text>`
  return [caption, ...ticks, ...lines].join('')
}

const round = (value: number): string => `${Number(value.toPrecision(2))}`

/** The least round number that is not below another. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value || 1))
  return power * ([1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10].find(each => each * power >= value) ?? 10)
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
