import { mkdir, open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CaptionedScene, PaintedScene, SceneOptions } from './scenes.ts'

export interface Pack extends SceneOptions {
  readonly count: number
  /** What the pictures were made of. */
  readonly packages: readonly object[]
}

/** Pictures held in memory until they are written. */
const together = 64

/**
 * Writes `count` scenes into `folder`: `pictures.u8` ([count, 3, size, size] of uint8), `captions.jsonl` (a line for each)
 * and, last, `data.json`, which says what they are and that they are all there.
 */
export async function writePack(
  folder: string,
  paint: (index: number) => PaintedScene,
  { count, size, ...made }: Pack,
  progress: (done: number) => void = () => {},
): Promise<void> {
  await mkdir(folder, { recursive: true })
  await rm(join(folder, 'data.json'), { force: true })
  await using pictures = await open(join(folder, 'pictures.u8'), 'w')
  await using captions = await open(join(folder, 'captions.jsonl'), 'w')
  for (let start = 0; start < count; start += together) {
    const end = Math.min(count, start + together)
    const painted = Array.from({ length: end - start }, (_, i) => paint(start + i))
    await pictures.writeFile(Buffer.concat(painted.map(({ picture }) => picture)))
    await captions.writeFile(painted.map(({ scene }) => line(scene)).join(''))
    progress(end)
  }
  const data = { count, width: size, height: size, channels: 3, ...made }
  await writeFile(join(folder, 'data.json'), `${JSON.stringify(data, undefined, 2)}\n`)
}

const line = (scene: CaptionedScene): string => `${JSON.stringify(scene)}\n`
