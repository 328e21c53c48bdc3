import type { Overrides } from '../checkpoint/checkpoint.ts'
import type { Progress } from '../pipelines/generate.ts'
import type { AskedSettings, GenerateSettings } from '../pipelines/settings.ts'
import type { Timings } from '../pipelines/stopwatch.ts'
import type { Target } from '../runtime/target.ts'

/** A request as the engine takes it: paths are absolute, what the person left open is `undefined`. */
export interface EngineRequest extends AskedSettings {
  /** Model file or folder. */
  readonly base: string
  /** What a person says of the base where its files are not believed. */
  readonly overrides?: Overrides | undefined
  /** File or folder of a VAE in place of the base's own. */
  readonly vae?: string | undefined
  /** Guide's file, for the method `guide`. */
  readonly guide?: string | undefined
  /** What is plugged into UNet and text encoders; the prompt's own names are looked for before. */
  readonly loras?: readonly EngineLora[] | undefined
  /** merges.txt of CLIP's own tokenizer. */
  readonly merges: string
  /** Where it is computed; on the CPU where it is left out. */
  readonly target?: Target | undefined
}

/** A LoRA's file, and what its changes are multiplied by. */
export interface EngineLora {
  readonly path: string
  readonly strength: number
  /** In text encoders; the same where it is left out. */
  readonly textStrength?: number | undefined
}

/** A picture as it leaves the engine. */
export interface EnginePicture {
  readonly index: number
  /** The settings as they were used: everything that was left open is filled in. */
  readonly settings: Omit<GenerateSettings, 'init' | 'embeddings'>
  readonly seed: number
  readonly width: number
  readonly height: number
  /** Rows of bytes, red green blue. */
  readonly pixels: Uint8Array
  readonly passes: number
  readonly seconds: Timings
  /** What the person should know of it: each is one sentence. */
  readonly notes: readonly string[]
}

/** A step, and what the picture looks like so far. */
export interface EngineProgress extends Progress {
  /** A small JPEG or WebP; not with every step. */
  readonly preview?: Uint8Array | undefined
}

export interface EngineHandlers {
  readonly onProgress?: (progress: EngineProgress) => void
  /** Awaited before the next picture is begun. */
  readonly onPicture: (picture: EnginePicture) => void | Promise<void>
  /** Stops between two passes; where one goes on for more than 2 s, the engine is ended and another started. */
  readonly signal?: AbortSignal | undefined
}

/** The engine's process ended while it worked: not the request's fault as far as is known. */
export class EngineDied extends Error {
  override readonly name = 'EngineDied'
}

export type EngineState = 'starting' | 'ready' | 'busy' | 'dead'

/** Where pictures are computed: a process of its own, watched and started again. */
export interface Engine {
  /**
   * Paints one request after another in the order of the calls. Rejects with `UserError` (`ModelFault` where the
   * base's own files are at fault), `EngineDied`, or the signal's reason.
   */
  generate(request: EngineRequest, handlers: EngineHandlers): Promise<void>
  readonly state: EngineState
  /** Resident MiB of the engine's process at its last heartbeat. */
  readonly memory: number
  /** Told whenever `state` or `memory` changes. */
  onChange(listener: () => void): void
  close(): Promise<void>
}
