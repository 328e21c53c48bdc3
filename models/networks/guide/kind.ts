import type { Value } from '../../graph/value.ts'
import { elements, type Shape } from '../../tensor/tensor.ts'
import type { Inject, Parameters } from '../parameters.ts'
import type { UNetConfig } from '../unet/config.ts'

/** What a guide sees; everything is f32. */
export interface GuideInputs {
  /** Noisy latent [n, channels, h, w], as the base gets it. */
  readonly sample: Value
  /** [n], 0..999. */
  readonly timestep: Value
  /** Guidance scale w [n]; 1 is none, and adds nothing. */
  readonly guidance: Value
  /** Mean text state of the prompt [n, width], from its first token to its first end token. */
  readonly positive: Value
  /** The same of the negative prompt. */
  readonly negative: Value
}

/** How a guide was built: the shapes of its tensors by name, and the layers of the base that it numbers. */
export interface GuideConfig {
  readonly shapes: ReadonlyMap<string, Shape>
  readonly modules: readonly string[]
}

/** What a base must be for a guide to fit. A field that is absent may be anything. */
export type Fitting = Partial<
  Pick<
    UNetConfig,
    | 'inChannels'
    | 'blockOutChannels'
    | 'layersPerBlock'
    | 'transformerLayers'
    | 'midTransformerLayers'
    | 'crossAttentionDim'
  >
>

/** A linear layer or convolution of a base, as a guide may change it. */
export interface Layer {
  readonly place: string
  /** Channels or features that go in and come out. */
  readonly taken: number
  readonly given: number
  /** Whether it is a convolution. */
  readonly isPicture: boolean
}

/** One way to build a guide: where it acts on the base, and how. */
export interface GuideKind {
  /**
   * The largest guide for a base that has at most `most` parameters; at least the smallest there is.
   * @param layers the layers of the base's middle and of its way up
   */
  design(base: UNetConfig, layers: readonly Layer[], most: number): GuideConfig
  /** Which tensors begin at zero, so that an untrained guide changes nothing. */
  isLast(name: string): boolean
  /** What a base must be, as far as the shapes of the guide's tensors tell. */
  fitting(config: GuideConfig): Fitting
  /** Plugs the guide into a UNet; asks for exactly the parameters that it uses. */
  inject(config: GuideConfig, parameters: Parameters, inputs: GuideInputs): Inject
}

/** The largest of `build(1)`, `build(2)`... that has at most `most` parameters; the first where none has. */
export function largest(build: (size: number) => GuideConfig, most: number): GuideConfig {
  let config = build(1)
  for (let size = 2; ; size++) {
    const larger = build(size)
    if (parameterCount(larger) > most) return config
    config = larger
  }
}

export const parameterCount = ({ shapes }: GuideConfig): number =>
  [...shapes.values()].reduce((sum, shape) => sum + elements(shape), 0)

/** The weights of layers, and of norms, by their names and shapes, each with its bias. */
export const withBiases = (layers: readonly (readonly [string, Shape])[]): Map<string, Shape> =>
  new Map(
    layers.flatMap(([name, shape]): [string, Shape][] => [
      [`${name}.weight`, shape],
      [`${name}.bias`, [shape[0] as number]],
    ]),
  )
