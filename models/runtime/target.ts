import { type Fusable, fusable } from '../graph/onnx/emitter.ts'
import type { Emission } from '../graph/onnx/write.ts'

/** Devices by onnxruntime's names: the processor, and graphics processors by the way to them. */
export const deviceNames = ['cpu', 'webgpu', 'dml', 'coreml', 'cuda'] as const
export type DeviceName = (typeof deviceNames)[number]

/** Where networks are computed, and how their graphs are written for that. A structured clone of one is one. */
export interface Target extends Emission {
  readonly device: DeviceName
  readonly fused: readonly Fusable[]
}

/** The processor; onnxruntime's own operators are right and fast there. */
export const onCpu: Target = { device: 'cpu', fused: fusable, precision: 'fp32' }
