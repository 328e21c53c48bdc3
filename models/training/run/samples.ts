import { join } from 'node:path'
import sharp from 'sharp'
import { writeAtomically } from '../../tensor/atomically.ts'
import type { Sample } from '../objectives/objective.ts'

/** Writes the sample pictures of a step, as `step-00000500-1.png`. */
export async function writeSamples(folder: string, step: number, samples: readonly Sample[]): Promise<void> {
  for (const [i, { pixels, width, height }] of samples.entries()) {
    const png = await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer()
    const name = `step-${String(step).padStart(8, '0')}-${i + 1}.png`
    await writeAtomically(join(folder, name), handle => handle.writeFile(png))
  }
}
