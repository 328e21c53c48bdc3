import { totalmem } from 'node:os'
import { UserError } from '../errors.ts'
import type { OnnxModel } from '../graph/onnx/write.ts'
import { openSession, type Session, type SessionOptions } from '../runtime/session.ts'
import type { Guide } from './guide.ts'

/** The networks as sessions, each loaded when it is first asked for; see the networks for shapes. */
export interface Sessions {
  /**
   * `ids` i64 [n, positions] to `states` f32 [n, positions, width]; SDXL's second encoder also takes `ends` and gives
   * `pooled`. The first encoder where none is named.
   */
  text(clipSkip: number, encoder?: number): Promise<Session>
  /**
   * `sample`, `timestep`, `context`, and SDXL's `text_embeds` and `time_ids`, to `prediction`; with a guide also
   * `guidance`, and `positive` and `negative`, the prompts' means. The base's weights are held once: a UNet with
   * another guide, or none, is given back first.
   */
  unet(guide?: Guide): Promise<Session>
  /** `latent` to `picture`. */
  decoder(): Promise<Session>
  /** `picture` to `mean` and `logvar`. */
  encoder(): Promise<Session>
  /** What is loaded now. */
  loaded(): readonly LoadedSession[]
  /** Gives back what is loaded; it is loaded again when it is next asked for. */
  release(): Promise<void>
}

/** A session that takes memory. */
export interface LoadedSession {
  /** Its weights as f32. */
  readonly bytes: number
  /** When it was last asked for, in milliseconds of `performance.now()`. */
  readonly used: number
  /** Not to be called while it runs. */
  release(): Promise<void>
}

/** What a network is loaded from. */
export interface Loadable {
  readonly graph: () => OnnxModel
  /** Its weights as f32. */
  readonly bytes: number
}

export interface OpenSessionsOptions extends SessionOptions {
  /** Bytes that loading may take: a network for which they are few is loaded in a form that is slower. 60% of the computer's memory. */
  readonly budget?: number | undefined
  /** Awaited before a network of that many bytes is loaded: makes room, or throws. */
  readonly beforeLoad?: ((bytes: number) => Promise<void>) | undefined
}

interface Networks {
  readonly text: (clipSkip: number, encoder: number) => Loadable
  readonly unet: (guide?: Guide) => Loadable
  readonly decoder: Loadable
  readonly encoder: Loadable
}

/**
 * What the fastest form of a network takes while it is loaded, in times of its weights as f32: onnxruntime makes a second
 * copy of the convolutions' weights. Without that it takes about 1.1 times, and is some hundredths slower.
 */
const fastest = 1.8

const gibibytes = (bytes: number): string => (bytes / 2 ** 30).toFixed(1)

interface Opened {
  readonly session: Promise<Session>
  readonly bytes: number
  used: number
  ready: boolean
}

export function openSessions(
  networks: Networks,
  { beforeLoad, budget = 0.6 * totalmem(), ...options }: OpenSessionsOptions,
): Sessions {
  const opened = new Map<string, Opened>()
  let plugged: Guide | undefined

  function ask(name: string, { graph, bytes }: Loadable): Promise<Session> {
    const known = opened.get(name)
    if (known) {
      known.used = performance.now()
      return known.session
    }
    const session = (async () => {
      if (bytes > totalmem())
        throw new UserError(
          `This model has a network of ${gibibytes(bytes)} GiB, and the computer has ${gibibytes(totalmem())} GiB of memory.`,
          'Choose a smaller model.',
        )
      await beforeLoad?.(bytes)
      return openSession(graph(), { ...options, frugal: fastest * bytes > budget })
    })()
    const entry: Opened = { session, bytes, used: performance.now(), ready: false }
    opened.set(name, entry)
    session.then(
      () => (entry.ready = true),
      () => opened.delete(name),
    )
    return session
  }

  async function release(name: string): Promise<void> {
    const session = opened.get(name)?.session
    opened.delete(name)
    await (await session)?.release()
  }

  return {
    text: (clipSkip, encoder = 0) => ask(`text ${encoder} ${clipSkip}`, networks.text(clipSkip, encoder)),
    async unet(guide) {
      if (guide !== plugged) await release('unet')
      plugged = guide
      return ask('unet', networks.unet(guide))
    },
    decoder: () => ask('decoder', networks.decoder),
    encoder: () => ask('encoder', networks.encoder),
    loaded: () =>
      [...opened].flatMap(([name, { bytes, used, ready }]) =>
        // One that is being loaded cannot make room for itself.
        ready ? [{ bytes, used, release: () => release(name) }] : [],
      ),
    async release() {
      await Promise.allSettled([...opened.keys()].map(release))
    },
  }
}
