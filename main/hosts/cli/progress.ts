import { SingleBar } from 'cli-progress'
import type { Progress } from '../../../models/pipelines/generate.ts'

const words: Readonly<Record<Progress['phase'], string>> = {
  load: 'loading the model',
  text: 'reading the prompt',
  denoise: 'painting',
  decode: 'decoding',
}

/** A bar on stderr over the steps of all pictures; where stderr is no terminal, a line every two seconds. */
export function progressBar(pictures: number): { show(progress: Progress): void; end(): void } {
  const bar = new SingleBar({
    stream: process.stderr,
    format: '{bar} {value}/{total} steps, {doing}',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    noTTYOutput: true,
    notTTYSchedule: 2000,
  })
  let running = false
  return {
    show({ phase, picture, step, steps }) {
      const payload = { doing: words[phase] }
      const done = picture * steps + (phase === 'decode' ? steps : step)
      if (!running) bar.start(pictures * steps, done, payload)
      else bar.update(done, payload)
      running = true
    },
    end: () => bar.stop(),
  }
}
