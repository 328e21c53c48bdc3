import { totalmem } from 'node:os'
import { UserError } from '../errors.ts'
import type { OnnxModel } from '../graph/onnx/write.ts'
import { openSession, type Session, type SessionOptions } from '../runtime/session.ts'
import { f32, type Tensor } from '../tensor/tensor.ts'
import type { Guide } from './guide.ts'
import type { Lora } from './lora/load.ts'
import { strengthInput } from './lora/plug.ts'
import type { VaePart } from './vae-tiles.ts'

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
  /**
   * The same sessions for a base with LoRAs plugged in, which say how strong they are at every run. A network that
   * others were plugged into is given back when it is next asked for; other strengths load nothing.
   */
  with(loras: readonly StrongLora[]): Sessions
  /** `latent` to `picture`. */
  decoder(): Promise<Session>
  /** `picture` to `mean` and `logvar`. */
  encoder(): Promise<Session>
  /** A part of the VAE, for pictures that it takes tile by tile. */
  vaePart(part: VaePart): Promise<Session>
  /** What is loaded now. */
  loaded(): readonly LoadedSession[]
  /** Gives back what is loaded; it is loaded again when it is next asked for. */
  release(): Promise<void>
}

/** A LoRA, and what its changes are multiplied by: 1 is as it was trained, 0 is the base. */
export interface StrongLora {
  readonly lora: Lora
  readonly strength: number
  /** In text encoders; the same where it is left out. */
  readonly textStrength?: number | undefined
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
  readonly text: (clipSkip: number, encoder: number, loras: readonly Lora[]) => Loadable
  readonly unet: (loras: readonly Lora[], guide?: Guide) => Loadable
  readonly decoder: Loadable
  readonly encoder: Loadable
  /** What a LoRA calls a text encoder. */
  readonly textName: (encoder: number) => string
  readonly vaePart: (part: VaePart) => Loadable
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
  /** What each network was last loaded with. */
  const plugged = new Map<string, readonly unknown[]>()

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

  /** A network with those LoRAs plugged in that change it. */
  async function askWith(
    name: string,
    network: string,
    chosen: readonly StrongLora[],
    { guide, load }: { guide?: Guide | undefined; load: (loras: readonly Lora[]) => Loadable },
  ): Promise<Session> {
    const own = chosen.filter(({ lora }) => lora.changes.has(network))
    const loras = own.map(({ lora }) => lora)
    const parts = [guide, ...loras]
    const before = plugged.get(name) ?? [undefined]
    if (parts.length !== before.length || parts.some((part, i) => part !== before[i])) await release(name)
    plugged.set(name, parts)
    const session = await ask(name, load(loras))
    if (own.length === 0) return session
    const strengths = own.map(({ strength, textStrength = strength }, i): [string, Tensor] => [
      strengthInput(i),
      f32(Float32Array.of(network === 'unet' ? strength : textStrength)),
    ])
    const fed = Object.fromEntries(strengths)
    return { ...session, run: inputs => session.run({ ...inputs, ...fed }) }
  }

  const sessionsWith = (loras: readonly StrongLora[]): Sessions => ({
    text: (clipSkip, encoder = 0) =>
      askWith(`text ${encoder} ${clipSkip}`, networks.textName(encoder), loras, {
        load: own => networks.text(clipSkip, encoder, own),
      }),
    unet: guide => askWith('unet', 'unet', loras, { guide, load: own => networks.unet(own, guide) }),
    // In an order of their own: the same LoRAs in another order load nothing.
    with: chosen => sessionsWith(chosen.toSorted((a, b) => (a.lora.path < b.lora.path ? -1 : 1))),
    decoder: () => ask('decoder', networks.decoder),
    encoder: () => ask('encoder', networks.encoder),
    vaePart: part => ask(part, networks.vaePart(part)),
    loaded: () =>
      [...opened].flatMap(([name, { bytes, used, ready }]) =>
        // One that is being loaded cannot make room for itself.
        ready ? [{ bytes, used, release: () => release(name) }] : [],
      ),
    async release() {
      await Promise.allSettled([...opened.keys()].map(release))
    },
  })
  return sessionsWith([])
}
