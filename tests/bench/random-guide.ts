import { asBase } from '../../models/checkpoint/as-base.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { guideMetadata } from '../../models/checkpoint/guide-metadata.ts'
import { type GuideKindName, guideKindNames } from '../../models/networks/guide/index.ts'
import { Generator } from '../../models/tensor/random.ts'
import { writeTensors } from '../../models/tensor/safetensors/write.ts'
import { elements, f32, type Tensor } from '../../models/tensor/tensor.ts'
import { designGuide } from '../../models/training/design-guide.ts'

/**
 * Writes a guide for a base, with random weights and about one per cent of its parameters: for measurements of speed.
 */
export async function writeRandomGuide(path: string, base: string, kind: GuideKindName): Promise<void> {
  const described = asBase(await describeModel(base))
  const { shapes, modules } = designGuide(kind, described, 0.01)
  const generator = new Generator(0)
  const tensors = new Map<string, Tensor>()
  for (const [name, shape] of shapes) {
    const scale = 0.3 / Math.sqrt(elements(shape.slice(1)))
    const values = generator.normals(Math.max(16, elements(shape))).subarray(0, elements(shape))
    tensors.set(
      name,
      f32(
        values.map(value => value * scale),
        shape,
      ),
    )
  }
  const { architecture, prediction } = described
  const facts = { base: { architecture, predictionType: prediction.value }, guidance: [1, 9] as const }
  await writeTensors(path, tensors, guideMetadata({ kind, modules, facts }, {}))
}

const [, script, path, base, wanted = 'lora1'] = process.argv
if (script === import.meta.filename) {
  const kind = guideKindNames.find(name => name === wanted)
  if (!path || !base || !kind)
    throw new Error(`usage: node tests/bench/random-guide.ts FILE.safetensors BASE [${guideKindNames.join('|')}]`)
  await writeRandomGuide(path, base, kind)
}
