/** What is behind the things: one colour, or a drawing (SVG content of 128 x 128 that may go on beyond its sides). */
export interface Background {
  readonly fill: string
  /** How a caption ends that says it. */
  readonly endings: readonly string[]
}

const colours = {
  white: '#ffffff',
  black: '#141414',
  gray: '#8c8c8c',
  red: '#d62828',
  orange: '#f58a1f',
  yellow: '#f7d636',
  green: '#2e9e44',
  mint: '#a5e6c8',
  blue: '#2a5bd7',
  'light blue': '#9fd3f5',
  purple: '#7b3fb5',
  pink: '#f7a1c4',
  brown: '#7a4a26',
}

const article = (words: string): string => (/^[aeiou]/.test(words) ? 'an' : 'a')

/** A rectangle over the picture and its margins, from `y` down. */
const ground = (fill: string, y = -16): string =>
  `<rect x="-16" y="${y}" width="160" height="${144 - y}" fill="${fill}"/>`

/** Fades from each colour to the next, top to bottom. */
function fade(...stops: readonly string[]): string {
  const steps = stops.map((stop, i) => `<stop offset="${i / (stops.length - 1)}" stop-color="${stop}"/>`).join('')
  return `<linearGradient id="fade" x2="0" y2="1">${steps}</linearGradient>${ground('url(#fade)')}`
}

const dots = (fill: string, places: readonly (readonly [number, number, number])[]): string =>
  places.map(([x, y, r]) => `<circle cx="${x}" cy="${y}" r="${r}" fill="${fill}"/>`).join('')

const puffs = (x: number, y: number): string =>
  `<g fill="#fff">${dots('#fff', [
    [x - 11, y, 7],
    [x, y - 5, 10],
    [x + 11, y, 8],
  ])}<rect x="${x - 16}" y="${y}" width="34" height="7" rx="3"/></g>`

const scenery = {
  sky: {
    fill: `${fade('#4fabf0', '#c9ecff')}${puffs(18, 26)}${puffs(112, 44)}${puffs(30, 112)}${puffs(100, 120)}`,
    endings: [' in the sky', ', blue sky with clouds'],
  },
  meadow: {
    fill: `${fade('#7cc8f7', '#e3f6ff', '#e3f6ff')}<ellipse cx="24" cy="140" rx="90" ry="66" fill="#7ccb52"/><ellipse cx="116" cy="146" rx="80" ry="62" fill="#5cb33f"/>`,
    endings: [' on a meadow', ' on green grass'],
  },
  beach: {
    fill: `${fade('#8fd6fa', '#dff5ff', '#dff5ff')}${ground('#2f9ad6', 58)}${ground('#f4dca0', 88)}<rect x="-16" y="84" width="160" height="6" fill="#fff" opacity=".8"/>`,
    endings: [' on a beach', ' on the beach by the sea'],
  },
  night: {
    fill: `${fade('#070d33', '#28357a')}${dots('#fff7d0', [
      [12, 14, 1.8],
      [40, 6, 1.2],
      [66, 16, 1.5],
      [98, 8, 1.8],
      [120, 26, 1.3],
      [8, 50, 1.3],
      [26, 34, 1.1],
      [118, 62, 1.8],
      [6, 88, 1.6],
      [20, 118, 1.3],
      [122, 98, 1.2],
      [106, 120, 1.7],
      [64, 124, 1.2],
    ])}`,
    endings: [' at night', ' under the stars'],
  },
  sunset: {
    fill: `${fade('#5b2a86', '#e2557b', '#ffb35c', '#ffb35c')}${ground('#46204f', 96)}`,
    endings: [' at sunset', ', evening sky'],
  },
  snow: {
    fill: `${fade('#86aed2', '#d3e5f3', '#d3e5f3')}<ellipse cx="30" cy="138" rx="100" ry="50" fill="#fff"/><ellipse cx="116" cy="142" rx="80" ry="50" fill="#f0f7fd"/>${dots(
      '#fff',
      [
        [14, 16, 3],
        [44, 8, 2.4],
        [82, 14, 3],
        [114, 10, 2.6],
        [122, 46, 3],
        [8, 56, 2.6],
        [26, 36, 2.2],
        [104, 32, 2.2],
      ],
    )}`,
    endings: [' in the snow', ' in winter'],
  },
  'under water': {
    fill: `${fade('#3fc1d6', '#0f5fa3')}${ground('#d9bf7d', 112)}<path d="M12 114q-8-14 0-26t0-26M22 114q8-12 0-22t2-18M114 114q-8-14 0-26t-2-22" stroke="#1f8f5a" stroke-width="5" fill="none" stroke-linecap="round"/>${dots(
      '#bff0f5',
      [
        [14, 24, 4],
        [26, 12, 2.6],
        [112, 30, 4],
        [120, 16, 2.6],
        [106, 10, 2],
      ],
    )}`,
    endings: [' under water', ' at the bottom of the sea'],
  },
}

export const backgrounds: Readonly<Record<string, Background>> = {
  ...Object.fromEntries(
    Object.entries(colours).map(([name, colour]) => [
      name,
      {
        fill: ground(colour),
        endings: [` on ${article(name)} ${name} background`, `, ${name} background`, ` on ${name}`],
      },
    ]),
  ),
  ...scenery,
}
