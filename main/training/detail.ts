import type { Metrics } from '../../models/training/run/metrics.ts'
import type { TrainingDetail } from '../../preload/contract/training.ts'

/** Points of a curve, at most. */
const points = 500

/** The loss, each point the mean of equally many steps up to its own. */
export function curveOf(metrics: readonly Metrics[]): TrainingDetail['curve'] {
  const known = metrics.filter(({ loss }) => Number.isFinite(loss))
  const each = Math.max(1, Math.ceil(known.length / points))
  return Array.from({ length: Math.ceil(known.length / each) }, (_, i) => {
    const part = known.slice(i * each, (i + 1) * each)
    const sum = part.reduce((total, { loss }) => total + (loss as number), 0)
    return { step: part.at(-1)?.step ?? 0, loss: sum / part.length }
  })
}

/** `error w=4 noised`, `error w=4 teacher`: at each scale the mean of the kinds of states. */
const pattern = /^error w=(\d+(?:\.\d+)?) /

export function errorsOf(metrics: readonly Metrics[]): TrainingDetail['errors'] {
  return metrics.flatMap(line => {
    const told = Object.entries(line).flatMap(([name, value]) => {
      const scale = pattern.exec(name)?.[1]
      return scale === undefined || !Number.isFinite(value) ? [] : [{ scale, value }]
    })
    if (told.length === 0) return []
    const errors = [...Map.groupBy(told, ({ scale }) => scale)].map(
      ([scale, all]) => [scale, all.reduce((sum, { value }) => sum + value, 0) / all.length] as const,
    )
    return [{ step: line.step, errors: Object.fromEntries(errors) }]
  })
}
