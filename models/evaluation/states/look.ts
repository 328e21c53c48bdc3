import { generatorAt, normals, stream } from '../../training/random.ts'
import { type Nearness, NearnessSums } from './nearness.ts'
import { askNoised, follow, type Journey, type OnSaid } from './ways.ts'

/** Where states come from: pictures noised, CFG's own way, or the guide's own, which is what pictures feel. */
export const stateKinds = ['noised', 'teacher', 'guide'] as const
export type StateKind = (typeof stateKinds)[number]

/** Nearness to CFG on states of one kind, at one guidance scale, between two timesteps. */
export interface StatesRow extends Nearness {
  readonly kind: StateKind
  readonly w: number
  /** Lowest and highest that belong. */
  readonly timesteps: readonly [number, number]
}

/** Parts of equal size that the timesteps of training are cut into. */
const buckets = 5

/** Looks at states of all three kinds. Rows in which there is no guidance to come near to are left out. */
export async function lookAtStates(
  journey: Journey,
  { seed, trainTimesteps }: { seed: number; trainTimesteps: number },
): Promise<StatesRow[]> {
  const { w, asked, size } = journey
  const noise = (use: number) => normals(generatorAt(seed, stream.noise, use), asked.length * size)
  const sums = new Map<string, NearnessSums>()
  const into =
    (kind: StateKind): OnSaid =>
    (said, { timestep }) => {
      const key = `${kind} ${Math.floor((timestep / trainTimesteps) * buckets)}`
      const own = sums.get(key) ?? new NearnessSums()
      own.add(said, w)
      sums.set(key, own)
    }
  const painted = await follow(journey, noise(0), 'cfg', into('teacher'))
  await follow(journey, noise(0), 'guide', into('guide'))
  await askNoised(journey, painted, noise(1), into('noised'))

  const width = trainTimesteps / buckets
  return stateKinds.flatMap(kind =>
    Array.from({ length: buckets }, (_, bucket): StatesRow[] => {
      const value = sums.get(`${kind} ${bucket}`)?.value
      return value ? [{ kind, w, timesteps: [bucket * width, (bucket + 1) * width - 1], ...value }] : []
    }).flat(),
  )
}
