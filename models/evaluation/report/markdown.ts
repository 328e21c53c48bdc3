import { type StateKind, stateKinds } from '../states/look.ts'
import { type Estimate, type PicturesRow, type Report, type Scoring, scorings } from './report.ts'

/** A report to be read, with its pictures by name. */
export function markdown(report: Report, pictures: readonly string[]): string {
  const { base, guide, suite, scorer, methods, brackets, negatives } = report
  const all = [...methods, ...brackets]
  return [
    `# ${guide} on ${base}`,
    `Suite \`${suite.name}\`: ${suite.pictures} pictures by each method, ${suite.steps} steps, guidance ${suite.guidance}. Recovery is the share of the way from no guidance (0) to CFG (1); brackets hold the middle 95% of ${suite.bootstrap} resamples.`,
    '## Predictions',
    "Normalised guidance error (0 is CFG, 1 no guidance), effective guidance and its cosine to CFG, on pictures noised, on the way that CFG goes, and on the guide's own.",
    ...stateKinds.map(kind => statesTable(report, kind)),
    '## Pictures',
    table(
      ['method', 'passes a step', 'PSNR to CFG', 'recovery, same seeds'],
      all.map(row => [row.name, row.passesPerStep.toFixed(2), decibels(row), shareOf(row.recovery)]),
    ),
    scorer === null
      ? 'No scorer was given: Frechet and kernel distance and retrieval are left out.'
      : scoredTables(all),
    '## Negative prompts',
    [
      `- of CFG's change of its predictions: ${percent(negatives.predictions)}`,
      `- of how much less pictures look like what was negated: ${negatives.pictures ? shareOf(negatives.pictures) : 'left out, for it needs a scorer'}`,
    ].join('\n'),
    '## Figures',
    pictures.map(name => `![${name}](${name}.png)`).join('\n'),
    '',
  ].join('\n\n')
}

function statesTable({ states }: Report, kind: StateKind): string {
  const own = states.filter(row => row.kind === kind)
  return table(
    [`states: ${kind}`, 'timesteps', 'error', 'effective guidance', 'cosine'],
    own.map(({ w, timesteps: [low, high], error, effectiveGuidance, cosine }) => [
      `w = ${w}`,
      `${low} to ${high}`,
      error.toFixed(3),
      effectiveGuidance.toFixed(2),
      cosine.toFixed(3),
    ]),
  )
}

function scoredTables(rows: readonly PicturesRow[]): string {
  const names = Object.keys(scorings) as Scoring[]
  const cells = (of: (row: PicturesRow, name: Scoring) => string) =>
    rows.map(row => [row.name, ...names.map(name => of(row, name))])
  return [
    names.map(name => `- ${name}: ${scorings[name]}`).join('\n'),
    table(
      ['value', ...names],
      cells((row, name) => row.scored?.[name].value.toPrecision(4) ?? '-'),
    ),
    table(
      ['recovery', ...names],
      cells((row, name) => (row.scored ? shareOf(row.scored[name].recovery) : '-')),
    ),
  ].join('\n\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

const decibels = ({ psnr }: PicturesRow): string => (psnr === null ? 'the same' : `${psnr.toFixed(1)} dB`)

const percent = (value: number | null): string => (value === null ? '-' : `${Math.round(value * 100) + 0}%`)

function shareOf({ value, interval }: Estimate): string {
  return interval ? `${percent(value)} (${interval.map(percent).join(' to ')})` : percent(value)
}
