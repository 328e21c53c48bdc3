import { fusable } from '../../graph/onnx/emitter.ts'
import { type Emission, type Precision, precisions, toOnnx } from '../../graph/onnx/write.ts'
import { openSession } from '../session.ts'
import type { DeviceName, Target } from '../target.ts'
import { probeGraph } from './graph.ts'

/** How a device did with the probe's graph. */
export interface Trial {
  /** How graphs are best written for it; nothing where it does not compute rightly. */
  readonly target?: Target
  /** Seconds of a pass that is written so. */
  readonly seconds: number
  /** Largest difference to the CPU's naive form, as a share of its largest number. */
  readonly error: number
  /** The precisions that it computes rightly. */
  readonly precisions: readonly Precision[]
}

/** Errors that are taken for rounding, as shares of the largest number; a wrong operator is wrong by more. */
const tolerance: Readonly<Record<Precision, number>> = { fp32: 1e-4, fp16: 2e-2 }

/** Sides of the sample: one that every device is quick with, and one that tells how fast it is. */
const [small, wide] = [16, 48]
/** Seconds of a small pass from which on a device is too slow for a wide one, which takes this many times as long. */
const [slow, growth] = [0.2, (wide / small) ** 2]

/**
 * Tries a device in this process, which it may take down. The naive form has to be right; what the device has as one
 * operator is used where that is right, too, and no slower. Throws what onnxruntime throws.
 */
export async function tryDevice(device: DeviceName): Promise<Trial> {
  const { outputs, inputs } = probeGraph(small)
  const { inputs: wider } = probeGraph(wide)
  async function pass(on: DeviceName, { fused, precision }: Emission) {
    const session = await openSession(toOnnx(outputs, { fused, precision }), { device: on })
    const time = async (given: typeof inputs) => {
      const begin = performance.now()
      const { y } = await session.run(given)
      return { y: y?.data as Float32Array, seconds: (performance.now() - begin) / 1000 }
    }
    try {
      // The first pass of a size makes the device ready.
      const { y } = await time(inputs)
      const quick = await time(inputs)
      if (quick.seconds > slow) return { y, seconds: quick.seconds * growth }
      await time(wider)
      const times = [await time(wider), await time(wider), await time(wider)]
      return { y, seconds: Math.min(...times.map(({ seconds }) => seconds)) }
    } finally {
      await session.release()
    }
  }

  const naive = { fused: [], precision: 'fp32' } as const
  // A device that is not there says so at once.
  await (await openSession(toOnnx(outputs, naive), { device })).release()
  const { y: wanted } = await pass('cpu', naive)
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const tryOut = async (how: Emission) => {
    const { y, seconds } = await pass(device, how)
    const error = y.reduce((most, value, i) => worse(most, Math.abs(value - (wanted[i] as number)) / largest), 0)
    return { seconds, error, right: error <= tolerance[how.precision] }
  }

  const plain = await tryOut(naive)
  if (!plain.right) return { seconds: plain.seconds, error: plain.error, precisions: [] }
  const tried = await Array.fromAsync(fusable, async name => ({ name, ...(await tryOut({ ...naive, fused: [name] })) }))
  // onnxruntime's own operators are the CPU's fast ones, also where something else takes its time just now.
  const quick = ({ seconds }: { seconds: number }) => device === 'cpu' || seconds <= 1.1 * plain.seconds
  const fused = tried.filter(each => each.right && quick(each)).map(({ name }) => name)
  const best = await tryOut({ ...naive, fused })
  // onnxruntime computes f16 on the CPU by way of f32.
  const half =
    device !== 'cpu' &&
    (await tryOut({ fused, precision: 'fp16' }).then(
      ({ right }) => right,
      () => false,
    ))
  return {
    target: { device, fused, precision: 'fp32' },
    seconds: best.seconds,
    error: best.error,
    precisions: precisions.filter(precision => precision === 'fp32' || half),
  }
}

/** The larger; not-a-number is larger than all. */
const worse = (a: number, b: number): number => (Number.isNaN(b) || b > a ? b : a)
