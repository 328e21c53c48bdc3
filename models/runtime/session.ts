import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import type { OnnxModel } from '../graph/onnx/write.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { DeviceName } from './target.ts'

/** A graph loaded on a device; it takes any size along the graph's free axes. */
export interface Session {
  /** Runs the graph once. Blocks this thread until it is done: onnxruntime cannot be interrupted. */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>
  /** Gives back the weights and the working memory. */
  release(): Promise<void>
}

export interface SessionOptions {
  /** How many threads one pass uses on the CPU; 0, the default, lets onnxruntime take one for each physical core. */
  readonly threads?: number | undefined
  /** The CPU where it is left out. What a device cannot compute is left to the CPU by onnxruntime. */
  readonly device?: DeviceName | undefined
  /**
   * Takes the least memory that is possible: convolutions keep the file's own order of their weights, where the
   * fastest form needs each a second time while it is loaded.
   */
  readonly frugal?: boolean | undefined
  /**
   * Whether memory is laid out once for each size and kept: onnxruntime's own way, and its default. From the second run
   * on that is one block beside all that the first has left, which nearly doubles what a graph of large results takes.
   */
  readonly pattern?: boolean | undefined
}

/** Loads a graph. The weights are mapped from the files that they lie in. */
export async function openSession(
  model: OnnxModel,
  { threads = 0, device = 'cpu', frugal = false, pattern = true }: SessionOptions = {},
): Promise<Session> {
  const session = await InferenceSession.create(model.bytes, {
    executionProviders: [device],
    intraOpNumThreads: threads,
    ...(frugal && { graphOptimizationLevel: 'extended' }),
    enableMemPattern: pattern,
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
