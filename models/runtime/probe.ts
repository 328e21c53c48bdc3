import { listSupportedBackends } from 'onnxruntime-node'
import { toOnnx } from '../graph/onnx/write.ts'
import { add } from '../graph/ops/add.ts'
import { linear } from '../graph/ops/linear.ts'
import { constant, input } from '../graph/value.ts'
import { f32 } from '../tensor/tensor.ts'
import { openSession } from './session.ts'

export interface DeviceReport {
  readonly name: string
  /** Whether pictures can be painted on it now. */
  readonly usable: boolean
  /** Why not, or what was checked. */
  readonly reason: string
}

/** The devices that onnxruntime offers on this computer; the CPU is tried with a small graph. */
export async function probeDevices(): Promise<DeviceReport[]> {
  const others = listSupportedBackends().filter(({ name }) => name !== 'cpu')
  return [
    await probeCpu(),
    ...others.map(({ name }) => ({ name, usable: false, reason: 'painting on it is not supported yet' })),
  ]
}

async function probeCpu(): Promise<DeviceReport> {
  const x = input('x', { shape: [1, 2], dtype: 'f32' })
  const weight = constant(f32(Float32Array.of(1, 2, 3, 4), [2, 2]))
  const session = await openSession(toOnnx({ y: add(linear(x, weight), x) }))
  const { y } = await session.run({ x: f32(Float32Array.of(1, 1), [1, 2]) })
  await session.release()
  const right = y?.data.join() === '4,8'
  return { name: 'cpu', usable: right, reason: right ? 'a small graph gave the right numbers' : `computed ${y?.data}` }
}
