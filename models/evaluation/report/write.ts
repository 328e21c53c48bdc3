import { join } from 'node:path'
import sharp from 'sharp'
import { writeAtomically, writeText } from '../../tensor/atomically.ts'
import type { Painted } from '../pictures/painted.ts'
import type { Variants } from '../pictures/variants.ts'
import { stateKinds } from '../states/look.ts'
import { chart, type Line } from './chart.ts'
import { grid } from './grid.ts'
import { markdown } from './markdown.ts'
import type { PicturesRow, Report } from './report.ts'

/** Writes `report.json`, `report.md`, and the pictures that belong to it. */
export async function writeReport(
  folder: string,
  report: Report,
  { painted, variants }: { painted: Painted; variants: Variants },
): Promise<void> {
  const charts = chartsOf(report)
  for (const [name, svg] of Object.entries(charts)) {
    await writeText(join(folder, `${name}.svg`), svg)
    await writeBytes(join(folder, `${name}.png`), await sharp(Buffer.from(svg)).png().toBuffer())
  }
  const grids = Array.from({ length: report.suite.grid.prompts }, (_, i) => `grid-${i + 1}`)
  for (const [i, name] of grids.entries())
    await writeBytes(join(folder, `${name}.png`), await grid(painted, variants.grid, i))
  await writeText(join(folder, 'report.json'), `${JSON.stringify(report, undefined, 2)}\n`)
  await writeText(join(folder, 'report.md'), markdown(report, [...Object.keys(charts), ...grids]))
}

const writeBytes = (path: string, bytes: Buffer): Promise<void> =>
  writeAtomically(path, handle => handle.writeFile(bytes))

function chartsOf({ methods, states, suite }: Report): Record<string, string> {
  const against = (title: string, of: (row: PicturesRow) => number | null | undefined): string =>
    chart({
      title,
      across: 'passes a step',
      up: title,
      lines: families(methods).map(({ name, rows }) => ({
        name,
        points: rows.flatMap(row => {
          const y = of(row)
          return typeof y === 'number' ? [{ x: row.passesPerStep, y, label: row.name }] : []
        }),
      })),
    })
  const byTimestep = (title: string, of: 'error' | 'effectiveGuidance') =>
    chart({
      title,
      across: 'timestep',
      up: title,
      lines: stateKinds.flatMap(kind =>
        suite.states.guidance.map(
          (w): Line => ({
            name: `${kind}, w = ${w}`,
            points: states
              .filter(row => row.kind === kind && row.w === w)
              .map(row => ({ x: (row.timesteps[0] + row.timesteps[1]) / 2, y: row[of] })),
          }),
        ),
      ),
    })
  return {
    'psnr-by-passes': against('PSNR to CFG in dB', ({ psnr }) => psnr),
    'recovery-by-passes': against('recovery of CFG, same seeds', row => row.recovery.value),
    ...(methods[0]?.scored && {
      'likelihood-by-passes': against(
        'recovery of CFG, caption log-likelihood',
        row => row.scored?.likelihood.recovery.value,
      ),
    }),
    'error-by-timestep': byTimestep('normalised guidance error', 'error'),
    'effective-guidance-by-timestep': byTimestep('effective guidance', 'effectiveGuidance'),
  }
}

/** Methods that differ in how often they are refreshed make one curve. */
function families(methods: readonly PicturesRow[]): { name: string; rows: PicturesRow[] }[] {
  const groups = Map.groupBy(methods, ({ name }) => name.replace(/-\d+$/, ''))
  return [...groups].map(([name, rows]) => ({
    name,
    rows: rows.toSorted((a, b) => a.passesPerStep - b.passesPerStep),
  }))
}
