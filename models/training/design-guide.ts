import type { BaseCheckpoint } from '../checkpoint/checkpoint.ts'
import { unetConfig } from '../checkpoint/config/unet.ts'
import { parameterCount } from '../checkpoint/summary.ts'
import { type GuideKindName, guideKinds } from '../networks/guide/index.ts'
import type { GuideConfig, Layer } from '../networks/guide/kind.ts'
import { examinePass } from '../pipelines/pairing.ts'

/** The build of a new guide for a base. `share` is that of the UNet's parameters that it may have. */
export function designGuide(kind: GuideKindName, base: BaseCheckpoint, share: number): GuideConfig {
  const most = share * parameterCount([...base.unet.table.values()])
  return guideKinds[kind].design(unetConfig(base.unet), layersOf(base, /^(?:mid_block|up_blocks)\./), most)
}

/** The linear layers and convolutions of a base's UNet whose place matches, in the order in which they act. */
function layersOf(base: BaseCheckpoint, places: RegExp): Layer[] {
  const layers: Layer[] = []
  examinePass(base, () => (place, value, layer) => {
    if (!layer || !places.test(place)) return value
    const isPicture = value.shape.length === 4
    const [taken, given] = [layer.from, value].map(({ shape }) => shape.at(isPicture ? 1 : -1)) as [number, number]
    layers.push({ place, taken, given, isPicture })
    return value
  })
  return layers
}
