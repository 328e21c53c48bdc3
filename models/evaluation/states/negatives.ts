import { generatorAt, normals, stream } from '../../training/random.ts'
import { askAll, type Journey, leading, moved } from './ways.ts'

/**
 * How much of CFG's answer to negative prompts the guide gives, along CFG's own way without them: <g, d> / |d|^2, where d is
 * how CFG's prediction changes and g how the guide's does. 1 is all of it, 0 is none. Undefined where CFG does not
 * change.
 * @param negatives places of the negative prompts among the texts, one for each latent
 */
export async function negativeShare(
  journey: Journey,
  negatives: readonly number[],
  seed: number,
): Promise<number | undefined> {
  const { asked, size, w, jumps } = journey
  const denied = { ...journey, asked: asked.map((each, i) => ({ ...each, negative: negatives[i] as number })) }
  let [product, energy] = [0, 0]
  let samples = normals(generatorAt(seed, stream.noise, 0), asked.length * size)
  for (const jump of jumps) {
    const before = await askAll(journey, samples, jump.from.timestep)
    const after = await askAll(denied, samples, jump.from.timestep)
    for (let i = 0; i < samples.length; i++) {
      const change = (1 - w) * ((after.negative[i] as number) - (before.negative[i] as number))
      product += change * ((after.guided[i] as number) - (before.guided[i] as number))
      energy += change * change
    }
    samples = moved(journey, samples, leading(before, 'cfg', w), jump)
  }
  return energy > 0 ? product / energy : undefined
}
