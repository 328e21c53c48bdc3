/** Runs work as it is handed in, at most `most` at a time, the rest in order. */
export function atATime(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async work => {
    if (running >= most) await new Promise<void>(resolve => waiting.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      // The place goes to the next one as it is
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
