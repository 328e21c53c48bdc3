import { defaultBudgetMiB } from './client.ts'
import { type Engine, EngineDied, type EngineHandlers, type EngineRequest, type EngineState } from './engine.ts'
import { Painter } from './painter.ts'
import { Previews } from './previews.ts'

/**
 * An engine on this thread, which each network pass blocks: for tests, and for commands that paint and end. A cancel
 * waits for the pass.
 */
export function inProcessEngine({ memoryBudgetMiB = defaultBudgetMiB() } = {}): Engine {
  const painter = new Painter(memoryBudgetMiB)
  const listeners = new Set<() => void>()
  const closing = new AbortController()
  let state: EngineState = 'ready'
  let last: Promise<unknown> = Promise.resolve()

  function change(to: EngineState): void {
    state = to
    for (const listener of listeners) listener()
  }

  async function paint(request: EngineRequest, { onProgress, onPicture, signal }: EngineHandlers): Promise<void> {
    const both = AbortSignal.any([closing.signal, ...(signal ? [signal] : [])])
    both.throwIfAborted()
    change('busy')
    const previews = new Previews(progress => onProgress?.(progress))
    try {
      await painter.paint(request, {
        signal: both,
        onProgress: (progress, sketch) => previews.push(progress, sketch),
        async onPicture(picture) {
          await previews.settled()
          await onPicture(picture)
        },
      })
      await previews.settled()
    } finally {
      if (!closing.signal.aborted) change('ready')
    }
  }

  return {
    generate(request, handlers) {
      const painted = last.then(() => paint(request, handlers))
      last = painted.catch(() => undefined)
      return painted
    },
    get state() {
      return state
    },
    get memory() {
      return Math.round(process.memoryUsage.rss() / 2 ** 20)
    },
    onChange: listener => void listeners.add(listener),
    async close() {
      closing.abort(new EngineDied('The engine was closed.'))
      await last
      await painter.release()
      change('dead')
    },
  }
}
