import type { ModelCard, ModelReport } from '../../../preload/contract/models.ts'
import { familyWord, kindWord, parametersWord, predictionWord } from '../../components/models/words.ts'
import { fileSize } from '../../text.ts'

export type Row = readonly [label: string, value: string]

/** Rows under a heading; none are shown where there are none. */
export interface Group {
  readonly title: string
  readonly rows: readonly Row[]
}

const partWords: Readonly<Record<string, string>> = {
  unet: 'UNet',
  vae: 'VAE',
  text_encoder: 'Text encoder',
  text_encoder_2: 'Second text encoder',
}

const shownTags = 24
const shownKeys = 8

/** `trigger_phrase` as a label: `Trigger phrase`. */
const labelOf = (name: string): string => {
  const words = name.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

const many = (count: number, one: string): string => `${count.toLocaleString()} ${one}${count === 1 ? '' : 's'}`

const keys = (names: readonly string[]): string =>
  `${many(names.length, 'tensor')}: ${names.slice(0, shownKeys).join(', ')}${names.length > shownKeys ? ', …' : ''}`

/** What a model's headers say, in words. */
export function detailGroups(model: ModelCard, report: ModelReport): Group[] {
  const { predictionType = null, predictionSure = false, predictionSource, lora } = report
  const prediction = predictionWord({ predictionType, predictionSure })
  const how = predictionSure && predictionSource !== undefined ? `${prediction}, by ${predictionSource}` : prediction
  const rows = (values: Readonly<Record<string, string>>): Row[] =>
    Object.entries(values).map(([name, value]) => [labelOf(name), value])
  const groups: readonly Group[] = [
    {
      title: 'Model',
      rows: [
        [
          'What it is',
          [kindWord(model.kind), familyWord(model.architecture), report.variant].filter(Boolean).join(', '),
        ],
        ...(how === null ? [] : [['Prediction', how] as const]),
        ...(report.width === undefined ? [] : [['Native size', `${report.width} × ${report.height}`] as const]),
        ['Size', `${fileSize(model.size)} · ${parametersWord(report.parameters)} parameters · ${report.dtype}`],
        ['Layout', report.layout],
        ...(report.parts ?? []).map(
          ({ name, parameters, dtype }): Row => [partWords[name] ?? name, `${parametersWord(parameters)} · ${dtype}`],
        ),
        ...(report.missing.length > 0 ? [['Missing', keys(report.missing)] as const] : []),
        ...(report.leftover.length > 0 ? [['Left over', keys(report.leftover)] as const] : []),
        ...(report.error === undefined ? [] : [['Problem', report.error] as const]),
        ['File', model.path],
      ],
    },
    { title: 'LoRA', rows: lora ? loraRows(lora) : [] },
    { title: 'What its maker says', rows: rows(report.about) },
    { title: 'Training', rows: rows(report.training) },
    {
      title: 'Words of the training pictures',
      rows:
        report.tags.length === 0
          ? []
          : [
              [
                'Most frequent',
                report.tags
                  .slice(0, shownTags)
                  .map(({ tag }) => tag)
                  .join(', '),
              ],
            ],
    },
  ]
  return groups.filter(group => group.rows.length > 0)
}

function loraRows({ modules, ranks, alphas, targets }: NonNullable<ModelReport['lora']>): Row[] {
  const layers = Object.entries(targets).map(
    ([network, { linear, convolution }]): Row => [
      partWords[network] ?? network,
      [linear > 0 && many(linear, 'linear layer'), convolution > 0 && many(convolution, 'convolution')]
        .filter(Boolean)
        .join(', '),
    ],
  )
  return [
    ['Changes', many(modules, 'layer')],
    ['Rank', ranks.join(', ') || 'none'],
    ['Alpha', alphas.join(', ') || 'the rank'],
    ...layers,
  ]
}
