import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import type { OnnxModel } from '../graph/onnx/write.ts'
import type { Tensor } from '../tensor/tensor.ts'

/** A graph loaded on a device; it takes any size along the graph's free axes. */
export interface Session {
  /** Runs the graph once. Blocks this thread until it is done: onnxruntime cannot be interrupted. */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>
  /** Gives back the weights and the working memory. */
  release(): Promise<void>
}

/** How many threads one pass uses; 0 lets onnxruntime take one for each physical core. */
export interface SessionOptions {
  readonly threads?: number
}

/** Loads a graph on the CPU. The weights are mapped from the files that they lie in. */
export async function openSession(model: OnnxModel, { threads = 0 }: SessionOptions = {}): Promise<Session> {
  const session = await InferenceSession.create(model.bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
    ...(model.folder !== undefined && {
      extra: { session: { model_external_initializers_file_folder_path: model.folder } },
    }),
  })
  return {
    async run(inputs) {
      const feeds = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, toOrt(tensor)]))
      const results = await session.run(feeds)
      return Object.fromEntries(model.outputs.map(name => [name, fromOrt(results[name])]))
    },
    release: () => session.release(),
  }
}

const toOrt = ({ dtype, data, shape }: Tensor): OrtTensor =>
  dtype === 'f32' ? new OrtTensor('float32', data, shape) : new OrtTensor('int64', data, shape)

function fromOrt(tensor: OrtTensor | undefined): Tensor {
  if (tensor?.type === 'float32') return { dtype: 'f32', shape: tensor.dims, data: tensor.data as Float32Array }
  if (tensor?.type === 'int64') return { dtype: 'i64', shape: tensor.dims, data: tensor.data as BigInt64Array }
  throw new Error(`onnxruntime returned ${tensor ? tensor.type : 'no result'}`)
}
