import { samplers } from '../../models/samplers/index.ts'

/** A1111's word for each schedule; its own "DDIM" schedule is diffusers' leading spacing, and "Normal" is linspace. */
const scheduleLabels: ReadonlyMap<string, string> = new Map([
  ['auto', 'Automatic'],
  ['leading', 'DDIM'],
  ['linspace', 'Normal'],
  ['trailing', 'SGM Uniform'],
  ['karras', 'Karras'],
  ['exponential', 'Exponential'],
  ['beta', 'Beta'],
])

const samplerLabels: ReadonlyMap<string, string> = new Map(
  Object.entries(samplers).map(([name, { label }]) => [name, label]),
)

const inverse = (labels: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map(Array.from(labels, ([name, label]) => [label, name]))

const samplerNames = inverse(samplerLabels)
const scheduleNames = inverse(scheduleLabels)

/** What A1111 calls a sampler of ours; one that we do not know keeps its name. */
export const samplerLabel = (name: string): string => samplerLabels.get(name) ?? name

/** What A1111 calls a schedule of ours; one that we do not know keeps its name. */
export const scheduleLabel = (name: string): string => scheduleLabels.get(name) ?? name

/** Our name for A1111's `Sampler`; one that we do not know keeps its label. */
export const samplerName = (label: string): string => samplerNames.get(label) ?? label

/** Our name for A1111's `Schedule type`; one that we do not know keeps its label. */
export const scheduleName = (label: string): string => scheduleNames.get(label) ?? label
