import { join } from 'node:path'
import type { Pipeline } from '../../pipelines/assemble.ts'
import type { Guide } from '../../pipelines/guide.ts'
import { ddimJumps } from '../../samplers/ddim.ts'
import { clean, trainedLevel } from '../../samplers/levels.ts'
import { toX0 } from '../../samplers/prediction.ts'
import type { NoiseLevel } from '../../samplers/sampler.ts'
import { Schedule, type ScheduleConfig } from '../../samplers/schedule.ts'
import { combine, type Jump, move } from '../../samplers/steps.ts'
import type { Setting } from '../objectives/objective.ts'
import { below, between, generatorAt, normals, stream } from '../random.ts'
import type { DrawPicture } from './guide-states.ts'
import type { PromptTable } from './prompts.ts'
import { openStore, type Store } from './store.ts'
import { type Asked, type Teacher, take } from './teacher.ts'

/** A state at a level where the student steps, what it shall predict there, and what it is told. */
export type StepStates = Store<'sample' | 'target' | 'about'>

/** What `about` holds. */
export const stepAbout = { timestep: 0, positive: 1, negative: 2, guidance: 3 } as const

interface StepStatesOptions {
  readonly pipeline: Pipeline
  readonly teacher: Teacher
  /** The guide that takes twice as many steps. */
  readonly guide: Guide
  readonly prompts: PromptTable
  readonly drawPicture: DrawPicture | undefined
  readonly size: number
  readonly seed: number
  readonly count: number
  readonly noised: number
  readonly guidance: readonly [number, number]
  /** Steps of the student. */
  readonly steps: number
  readonly key: string
}

const together = 16

/**
 * States for a guide that shall take two of its teacher's steps in one (Salimans and Ho 2022), on disk: those on the
 * teacher's way from noise to pictures, and pictures noised to the levels where the student steps. From each the teacher
 * takes two DDIM steps; the target is the one prediction that leads to the same place.
 */
export async function openStepStates(options: StepStatesOptions, setting: Setting): Promise<StepStates> {
  const { size, count, key, steps, noised } = options
  const store = await openStore(
    join(setting.folder.cache, 'states'),
    {
      key,
      count,
      fields: { sample: size, target: size, about: Object.keys(stepAbout).length },
    },
    setting.closing,
  )
  const extra = Math.round((steps * together * noised) / (1 - noised) / together) * together
  const records = steps * together + extra
  for (let group = Math.floor(store.written() / records); group * records < count; group++) {
    setting.signal?.throwIfAborted()
    const made = await makeGroup(options, group, extra)
    const skipped = store.written() - group * records
    const rest = (values: Float32Array) => values.subarray((values.length / records) * skipped)
    await store.append({ sample: rest(made.sample), target: rest(made.target), about: rest(made.about) })
    setting.tell('asking the teacher', store.written(), count)
  }
  return store
}

type Records = Record<'sample' | 'target' | 'about', Float32Array>

async function makeGroup(options: StepStatesOptions, group: number, extra: number): Promise<Records> {
  const { pipeline, prompts, size, seed, guidance, steps, drawPicture } = options
  const schedule = new Schedule(pipeline.schedule)
  const jumps = ddimJumps(schedule, steps)
  const asked = Array.from({ length: together }, (_, i) => prompts.draw(group, i))
  const generator = generatorAt(seed, stream.teacher, group)
  const scales = asked.map(() => between(generator, ...guidance))
  const rows = steps * together + extra
  const made = {
    sample: new Float32Array(rows * size),
    target: new Float32Array(rows * size),
    about: new Float32Array(rows * 4),
  }
  let row = 0

  /** Takes the two steps from some states, and keeps what they teach. */
  async function learn(samples: Float32Array, each: readonly Jump[], told: readonly Asked[], w: readonly number[]) {
    const ends = await twoSteps(options, schedule, samples, each, told, w)
    for (const [i, jump] of each.entries()) {
      const [x, end] = [take(samples, i, size), take(ends, i, size)]
      made.sample.set(x, row * size)
      made.target.set(oneStep(jump, x, end, await pipeline.prediction()), row * size)
      made.about.set([jump.from.timestep, told[i]?.positive ?? 0, told[i]?.negative ?? 0, w[i] as number], row * 4)
      row++
    }
    return ends
  }

  let samples = normals(generatorAt(seed, stream.noise, group), together * size)
  for (const jump of jumps)
    samples = await learn(
      samples,
      asked.map(() => jump),
      asked,
      scales,
    )

  for (let done = 0; done < extra; done += together) {
    const batch = new Float32Array(together * size)
    const noise = normals(generatorAt(seed, stream.noise, group, done + 1), together * size)
    const told: Asked[] = []
    const each: Jump[] = []
    for (const [i, own] of asked.entries()) {
      const picture = await drawPicture?.(group, done + i)
      const jump = jumps[below(generator, steps)] as Jump
      const { alpha, sigma } = jump.from
      batch.set(combine([alpha, picture?.latent ?? take(samples, i, size)], [sigma, take(noise, i, size)]), i * size)
      told.push(picture ? { positive: picture.text, negative: prompts.draw(group, together + done + i).negative } : own)
      each.push(jump)
    }
    await learn(
      batch,
      each,
      told,
      asked.map(() => between(generator, ...guidance)),
    )
  }
  return made
}

/** Two DDIM steps of the teacher, by way of the level in the middle. */
async function twoSteps(
  { pipeline, teacher, guide, size }: StepStatesOptions,
  schedule: Schedule,
  samples: Float32Array,
  jumps: readonly Jump[],
  asked: readonly Asked[],
  scales: readonly number[],
): Promise<Float32Array> {
  const prediction = await pipeline.prediction()
  const step = async (states: Float32Array, each: readonly Jump[]) => {
    const said = await teacher.guided(
      states,
      asked,
      each.map(({ from }) => from.timestep),
      scales,
      guide,
    )
    const next = new Float32Array(states.length)
    for (const [i, jump] of each.entries()) {
      const x = take(states, i, size)
      next.set(move(jump, x, toX0(take(said, i, size), x, jump.from, prediction)), i * size)
    }
    return next
  }
  const halves = jumps.map(({ from, to }) => {
    const middle = middleOf(schedule, from, to)
    return [
      { from, to: middle },
      { from: middle, to },
    ] as const
  })
  const half = await step(
    samples,
    halves.map(([first]) => first),
  )
  return step(
    half,
    halves.map(([, second]) => second),
  )
}

const middleOf = (schedule: Schedule, from: NoiseLevel, to: NoiseLevel): NoiseLevel =>
  trainedLevel(schedule, Math.round((from.timestep + (to === clean ? 0 : to.timestep)) / 2))

/**
 * What a network would have to predict for one DDIM step to lead from x to `end`. As a velocity, with the angle phi of
 * a level (cosine alpha, sine sigma) and d = phi_from - phi_to, it is (cos d x - end) / sin d: safe at every level, where the
 * forms for x0 and noise divide by almost nothing.
 */
export function oneStep(
  { from, to }: Jump,
  x: Float32Array,
  end: Float32Array,
  prediction: ScheduleConfig['predictionType'],
): Float32Array {
  const angle = (level: NoiseLevel) => Math.atan2(level.sigma, level.alpha)
  const d = angle(from) - angle(to)
  const v = combine([Math.cos(d) / Math.sin(d), x], [-1 / Math.sin(d), end])
  const { alpha, sigma } = from
  switch (prediction) {
    case 'v_prediction':
      return v
    case 'epsilon':
      return combine([sigma, x], [alpha, v])
    case 'sample':
      return combine([alpha, x], [-sigma, v])
  }
}
