import { add } from '../../graph/ops/add.ts'
import { linear } from '../../graph/ops/linear.ts'
import { mul } from '../../graph/ops/mul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { sub } from '../../graph/ops/sub.ts'
import { sum } from '../../graph/ops/sum.ts'
import { transpose, transposed } from '../../graph/ops/transpose.ts'
import { constant, type Value } from '../../graph/value.ts'
import type { Inject } from '../../networks/parameters.ts'
import { f32, type Tensor } from '../../tensor/tensor.ts'
import type { Change } from './measure.ts'

/** An injection that is watched. */
export interface Watched {
  readonly inject: Inject
  /** What says of each place that was changed how much, and how: sums over channels, so that they are small whatever the base. */
  outputs(): Record<string, Value>
  /** Reads these outputs of one run, of a batch of one. */
  read(results: Readonly<Record<string, Tensor>>): Change[]
}

interface Place {
  readonly place: string
  readonly before: Value
  readonly after: Value
  /** Height and width; none where the value is no feature map of the picture. */
  readonly sides: readonly [number, number] | undefined
}

/** Values of the text, whatever their number of tokens. */
const ofText = /(?:^context|[.]attn2[.]to_[kv])$/

/** Watches what an injection changes in a network that is then built with it. Shapes are static, batches of one. */
export function watched(inject: Inject): Watched {
  const places: Place[] = []
  let sides: readonly [number, number] = [1, 1]
  return {
    inject(place, before, layer) {
      const { shape } = before
      if (shape.length === 4) sides = [shape[2] as number, shape[3] as number]
      const after = inject(place, before, layer)
      const isMap =
        shape.length === 4 || (shape.length === 3 && shape[1] === sides[0] * sides[1] && !ofText.test(place))
      if (after !== before) places.push({ place, before, after, sides: isMap ? sides : undefined })
      return after
    },
    outputs: () => Object.assign({}, ...places.map((place, i) => outputsOf(place, `${i}`))),
    read: results =>
      places.map(({ place, sides }, i) => {
        const data = (name: string) => (results[`${i}.${name}`] as Tensor).data as Float32Array
        const energies = { place, change: data('change'), feature: data('feature') }
        return sides ? { ...energies, map: { height: sides[0], width: sides[1], power: data('power') } } : energies
      }),
  }
}

function outputsOf({ before, after, sides }: Place, name: string): Record<string, Value> {
  const [change, feature] = [sub(after, before), before].map(value =>
    sides ? asMap(value, sides) : reshape(value, [1, -1, 1, 1]),
  ) as [Value, Value]
  const energy = (value: Value) => sum(mul(value, value), [1])
  return {
    [`${name}.change`]: energy(change),
    [`${name}.feature`]: energy(feature),
    ...(sides && { [`${name}.power`]: energy2(spectrum(change)) }),
  }
}

/** Tokens [1, h * w, channels] as [1, channels, h, w]. */
const asMap = (value: Value, [height, width]: readonly [number, number]): Value =>
  value.shape.length === 4 ? value : reshape(transpose(value, [0, 2, 1]), [1, -1, height, width])

interface Complex {
  readonly real: Value
  readonly imaginary: Value
}

/** Their squared size, summed over the channels. */
const energy2 = ({ real, imaginary }: Complex): Value => sum(add(mul(real, real), mul(imaginary, imaginary)), [1])

/** The discrete Fourier transform of each channel [1, channels, h, w], divided by the root of h * w. */
function spectrum(x: Value): Complex {
  const [height, width] = x.shape.slice(2) as [number, number]
  const along = { real: linear(x, waves(width, Math.cos)), imaginary: linear(x, waves(width, Math.sin)) }
  const [real, imaginary] = [transposed(along.real), transposed(along.imaginary)]
  const [cosines, sines] = [waves(height, Math.cos), waves(height, Math.sin)]
  return {
    real: transposed(sub(linear(real, cosines), linear(imaginary, sines))),
    imaginary: transposed(add(linear(real, sines), linear(imaginary, cosines))),
  }
}

/** Cosines or sines of 2 pi i j / size, over the root of the size: [size, size]. */
function waves(size: number, wave: (angle: number) => number): Value {
  const value = (i: number, j: number) => wave((2 * Math.PI * ((i * j) % size)) / size) / Math.sqrt(size)
  return constant(
    f32(
      Float32Array.from({ length: size * size }, (_, at) => value(Math.floor(at / size), at % size)),
      [size, size],
    ),
  )
}
