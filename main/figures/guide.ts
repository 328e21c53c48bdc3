import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { bins, type Strength } from '../../models/pipelines/look/measure.ts'
import type { SeenPicture } from '../services/guide-look.ts'
import { type Curve, curvesSvg, type Panel } from './curves.ts'
import { heatPng } from './heat.ts'

/** Columns of heat maps; of more steps some are shown. */
const mostColumns = 8

/**
 * Writes what was seen of a guide into a folder: `strength.svg`, `frequency.svg` and `overview.svg`, of each scale the
 * painted picture and heat maps over it, and all numbers as `blocks.csv`, `spectrum.csv` and `effect.csv`. Gives the paths.
 */
export async function writeGuideFigures(folder: string, seen: readonly SeenPicture[]): Promise<string[]> {
  const files: Record<string, string | Buffer> = {
    'overview.svg': overview(seen),
    'strength.svg': perBlock(seen, 'strength'),
    'frequency.svg': perBlock(seen, 'high'),
    'blocks.csv': csv(['guidance', 'step', 'timestep', 'block', 'strength', 'high'], blockRows(seen)),
    'spectrum.csv': csv(['guidance', 'step', 'timestep', ...frequencies], spectrumRows(seen)),
    'effect.csv': csv(['guidance', 'step', 'timestep', 'effective', 'error'], effectRows(seen)),
  }
  for (const { guidance, picture, steps } of seen) {
    const { pixels, width, height } = picture
    files[`picture-w${guidance}.png`] = await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer()
    const shown = some(steps.map((_, step) => step))
    const rows = blocksOf(seen).map(title => ({ title, maps: shown.map(step => steps[step]?.blocks.get(title)?.heat) }))
    const drawn = rows.filter(({ maps }) => maps.some(map => map !== undefined))
    if (drawn.length > 0)
      files[`maps-w${guidance}.png`] = await heatPng(
        picture,
        shown.map(step => `step ${step + 1}`),
        drawn,
      )
  }
  await mkdir(folder, { recursive: true })
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  return Object.keys(files).map(name => join(folder, name))
}

const blocksOf = (seen: readonly SeenPicture[]): string[] => [
  ...new Set(seen.flatMap(({ steps }) => steps.flatMap(({ blocks }) => [...blocks.keys()]))),
]

const curveName = ({ guidance }: SeenPicture): string => `w = ${guidance}`

/** Strength, frequency and effect of the whole guide, side by side. */
function overview(seen: readonly SeenPicture[]): string {
  const curves = (value: (step: SeenPicture['steps'][number]) => number): Curve[] =>
    seen.map(own => ({ name: curveName(own), values: own.steps.map(value) }))
  const marks = seen.map(own => ({ name: curveName(own), values: own.steps.map(() => own.guidance), isMark: true }))
  const panels: Panel[] = [
    { title: 'Strength of the injections', curves: curves(({ all }) => all.strength), isShare: true },
    { title: 'Power above half Nyquist', curves: curves(({ all }) => all.high), isShare: true },
    { title: 'Effective guidance', curves: [...curves(({ effective }) => Math.max(0, effective)), ...marks] },
  ]
  return curvesSvg(panels, { columns: 3, across: 'step' })
}

function perBlock(seen: readonly SeenPicture[], of: 'strength' | 'high'): string {
  const panels = blocksOf(seen).map(title => ({
    title,
    isShare: true,
    curves: seen.map(own => ({
      name: curveName(own),
      values: own.steps.map(({ blocks }) => blocks.get(title)?.[of] ?? Number.NaN),
    })),
  }))
  return curvesSvg(panels, { columns: Math.min(3, panels.length), across: 'step' })
}

const frequencies = Array.from({ length: bins }, (_, bin) => `${bin / bins}-${(bin + 1) / bins} Nyquist`)

type Cell = string | number

/** A row for each scale, step, and what `of` makes of a step. */
const rowsOf = (
  seen: readonly SeenPicture[],
  of: (step: SeenPicture['steps'][number]) => readonly (readonly Cell[])[],
): Cell[][] =>
  seen.flatMap(({ guidance, steps }) =>
    steps.flatMap((step, i) => of(step).map(cells => [guidance, i + 1, step.timestep, ...cells])),
  )

const blockRows = (seen: readonly SeenPicture[]) =>
  rowsOf(seen, ({ all, blocks }) =>
    [['all', all] as const, ...blocks].map(([block, { strength, high }]: readonly [string, Strength]) => [
      block,
      strength,
      high,
    ]),
  )

const spectrumRows = (seen: readonly SeenPicture[]) => rowsOf(seen, ({ all }) => [all.spectrum])

const effectRows = (seen: readonly SeenPicture[]) => rowsOf(seen, ({ effective, error }) => [[effective, error]])

const csv = (head: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  [head, ...rows]
    .map(cells => `${cells.map(cell => (typeof cell === 'number' ? Number(cell.toPrecision(6)) : cell)).join(',')}\n`)
    .join('')

/** The first, the last, and some between. */
const some = (steps: readonly number[]): number[] => {
  const count = Math.min(mostColumns, steps.length)
  return Array.from({ length: count }, (_, i) => Math.round((i * (steps.length - 1)) / Math.max(count - 1, 1)))
}
