import { join } from 'node:path'
import type { Pipeline } from '../../pipelines/assemble.ts'
import { type CancelSignal, pause } from '../../pipelines/cancel.ts'
import { ddimJumps } from '../../samplers/ddim.ts'
import { trainedLevel } from '../../samplers/levels.ts'
import { toX0 } from '../../samplers/prediction.ts'
import type { NoiseLevel } from '../../samplers/sampler.ts'
import { Schedule } from '../../samplers/schedule.ts'
import { combine, move } from '../../samplers/steps.ts'
import { Order } from '../data/order.ts'
import type { Setting } from '../objectives/objective.ts'
import { below, between, generatorAt, normals, stream } from '../random.ts'
import type { PromptTable } from './prompts.ts'
import { openStore, type Store } from './store.ts'
import { type Asked, type Teacher, take } from './teacher.ts'

/** A state of the noise, what the teacher says of it with the prompt and with the negative one, and which these are. */
export type GuideStates = Store<'sample' | 'positive' | 'negative' | 'about'>

/** What `about` holds. */
export const about = { timestep: 0, positive: 1, negative: 2, noised: 3 } as const
const abouts = Object.keys(about).length

/** Pictures to noise: a latent and the place of its caption among the texts, the same for the same numbers. */
export type DrawPicture = (...place: readonly number[]) => Promise<{ latent: Float32Array; text: number }>

export interface GuideStatesOptions {
  readonly pipeline: Pipeline
  readonly teacher: Teacher
  readonly prompts: PromptTable
  readonly pictures: DrawPicture | undefined
  /** Numbers of a latent. */
  readonly size: number
  readonly seed: number
  readonly count: number
  readonly noised: number
  readonly teacherSteps: readonly [number, number]
  /** Pictures that the teacher paints side by side. */
  readonly together: number
  readonly guidance: readonly [number, number]
  /** What the states follow from. */
  readonly key: string
}

/**
 * States for a guide, on disk: those that the teacher's CFG passes on its way from noise to pictures, by numbers of steps
 * and guidance scales drawn for each group, and pictures noised to any level. Without pictures, those that the teacher
 * has just painted are noised. Each group follows from the seed and its number.
 */
export async function openGuideStates(options: GuideStatesOptions, setting: Setting): Promise<GuideStates> {
  const { size, count, key, noised } = options
  const store = await openStore(
    join(setting.folder.cache, 'states'),
    {
      key,
      count,
      fields: { sample: size, positive: size, negative: size, about: abouts },
    },
    setting.closing,
  )
  // Groups have sizes of their own: they are counted through, so that one that was cut short is made again from its start.
  let first = 0
  for (let group = 0; first < count; group++) {
    const plan = groupPlan(options, group, noised)
    const records = plan.steps * options.together + plan.noised
    // Of the last group only the beginning is kept.
    if (Math.min(first + records, count) > store.written()) {
      await store.append(from(await makeGroup(options, group, plan, setting.signal), store.written() - first))
      setting.tell('asking the teacher', store.written(), count)
    }
    first += records
  }
  return store
}

interface GroupPlan {
  readonly steps: number
  /** Noised states. */
  readonly noised: number
}

function groupPlan(
  { seed, together, teacherSteps: [few, many] }: GuideStatesOptions,
  group: number,
  noised: number,
): GroupPlan {
  const steps = few + below(generatorAt(seed, stream.teacher, group), many - few + 1)
  return { steps, noised: noised < 1 ? Math.round((steps * together * noised) / (1 - noised)) : steps * together }
}

type Records = Record<'sample' | 'positive' | 'negative' | 'about', Float32Array>

async function makeGroup(
  options: GuideStatesOptions,
  group: number,
  plan: GroupPlan,
  signal: CancelSignal | undefined,
): Promise<Records> {
  const { pipeline, teacher, size, seed, guidance, pictures, prompts, together } = options
  const schedule = new Schedule(pipeline.schedule)
  const prediction = await pipeline.prediction()
  const generator = generatorAt(seed, stream.teacher, group, 1)
  const asked: Asked[] = Array.from({ length: together }, (_, i) => prompts.draw(group, i))
  const scales = asked.map(() => between(generator, ...guidance))
  const made: Records[] = []

  let samples = normals(generatorAt(seed, stream.noise, group), together * size)
  for (const jump of ddimJumps(schedule, plan.steps)) {
    await pause(signal)
    const said = await teacher.both(
      samples,
      asked,
      asked.map(() => jump.from.timestep),
    )
    made.push(
      records(
        samples,
        said,
        asked,
        asked.map(() => jump.from),
        false,
      ),
    )
    const next = new Float32Array(samples.length)
    for (const [i, w] of scales.entries()) {
      const [x, c, u] = [samples, said.positive, said.negative].map(all => take(all, i, size)) as [
        Float32Array,
        Float32Array,
        Float32Array,
      ]
      const x0 = toX0(combine([w, c], [1 - w, u]), x, jump.from, prediction)
      next.set(move(jump, x, x0), i * size)
    }
    samples = next
  }
  const painted = samples

  for (let done = 0; done < plan.noised; done += together) {
    await pause(signal)
    const count = Math.min(together, plan.noised - done)
    const batch = new Float32Array(count * size)
    const told: Asked[] = []
    const levels: NoiseLevel[] = []
    const noise = normals(generatorAt(seed, stream.noise, group, done + 1), count * size)
    for (let i = 0; i < count; i++) {
      const picture = await pictures?.(group, done + i)
      const own = asked[i % together] as Asked
      const level = trainedLevel(schedule, below(generator, schedule.config.trainTimesteps))
      const clean = picture?.latent ?? take(painted, i % together, size)
      batch.set(combine([level.alpha, clean], [level.sigma, take(noise, i, size)]), i * size)
      told.push(picture ? { positive: picture.text, negative: prompts.draw(group, together + done + i).negative } : own)
      levels.push(level)
    }
    const said = await teacher.both(
      batch,
      told,
      levels.map(({ timestep }) => timestep),
    )
    made.push(records(batch, said, told, levels, true))
  }
  return shuffled(made, size, seed, group)
}

function records(
  sample: Float32Array,
  said: { positive: Float32Array; negative: Float32Array },
  asked: readonly Asked[],
  levels: readonly NoiseLevel[],
  isNoised: boolean,
): Records {
  const rows = asked.map(({ positive, negative }, i) => [
    levels[i]?.timestep ?? 0,
    positive,
    negative,
    isNoised ? 1 : 0,
  ])
  return { sample, ...said, about: Float32Array.from(rows.flat()) }
}

/** All records in an order of chance, so that any part of them is as mixed as the whole. */
function shuffled(all: readonly Records[], size: number, seed: number, group: number): Records {
  const rows = all.flatMap(records =>
    Array.from({ length: records.about.length / abouts }, (_, row) => ({ records, row })),
  )
  const order = new Order(seed + group, rows.length).at(0, rows.length)
  const field = (name: keyof Records, width: number) => {
    const values = new Float32Array(rows.length * width)
    for (const [place, index] of order.entries()) {
      const { records, row } = rows[index] as (typeof rows)[number]
      values.set(take(records[name], row, width), place * width)
    }
    return values
  }
  return {
    sample: field('sample', size),
    positive: field('positive', size),
    negative: field('negative', size),
    about: field('about', abouts),
  }
}

/** A group's records without those that are already there. */
function from(all: Records, skipped: number): Records {
  const rows = all.about.length / abouts
  const rest = (values: Float32Array) => values.subarray((values.length / rows) * skipped)
  return {
    sample: rest(all.sample),
    positive: rest(all.positive),
    negative: rest(all.negative),
    about: rest(all.about),
  }
}
