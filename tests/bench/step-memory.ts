import { readFileSync } from 'node:fs'
import { shipped } from '../../main/paths.ts'
import { asBase } from '../../models/checkpoint/as-base.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { type GuideKindName, guideKinds } from '../../models/networks/guide/index.ts'
import { assemble } from '../../models/pipelines/assemble.ts'
import { isPooled } from '../../models/pipelines/encoders.ts'
import { Generator } from '../../models/tensor/random.ts'
import { elements, f32 } from '../../models/tensor/tensor.ts'
import { designGuide } from '../../models/training/design-guide.ts'
import { guidedLoss } from '../../models/training/objectives/guided-pass.ts'
import { openStep } from '../../models/training/step.ts'
import { fresh, Trained } from '../../models/training/trained.ts'
import { Weights } from '../../models/training/weights.ts'

/**
 * `npm run bench:step-memory -- MODEL [KIND] [SIDE] [recompute]`: training steps of a guide of one per cent on a base, at a
 * latent of that side, in two threads. Prints as JSON the parameters of the guide, and of the first step and of the second
 * the seconds, those of the processor, and the peak of this process's memory until then in MiB. Linux only.
 */
const [, , path = shipped.demo, kind = 'tap1', side = '64', recompute] = process.argv
if (!Object.hasOwn(guideKinds, kind)) throw new Error(`the kinds are ${Object.keys(guideKinds).join(', ')}`)
const name = kind as GuideKindName
const base = asBase(await describeModel(path))
const pipeline = await assemble(base, { merges: shipped.merges })
const { unet, encoders } = pipeline
const config = designGuide(name, base, 0.01)
const trained = new Trained()
const parameters = trained.parameters('', fresh(new Generator(1)))
const latent = [unet.outChannels, Number(side), Number(side)]
const shape = {
  tokens: encoders[0]?.config.positions ?? 77,
  pooled: encoders.find((_, i) => isPooled(base, i))?.config.projection ?? 0,
}
const graph = guidedLoss({
  ...{ pipeline, kind: name, config, parameters, latent, batch: 1, recompute: recompute === 'recompute' },
  ...shape,
})
const weights = new Weights(await trained.initial())
const began = performance.now()
const step = await openStep({ ...graph, trained: trained.inputs }, 2)
const loading = (performance.now() - began) / 1000
const normals = (...sizes: number[]) =>
  f32(new Generator(0).normals(Math.max(16, elements(sizes))).subarray(0, elements(sizes)), sizes)
const one = (value: number) => f32(Float32Array.of(value))
const feed = {
  ...{ sample: normals(1, ...latent), target: normals(1, ...latent), timestep: one(500), guidance: one(4) },
  ...{ weight: one(1), energy: one(1), context: normals(1, shape.tokens, unet.crossAttentionDim) },
  ...{ positive: normals(1, unet.crossAttentionDim), negative: normals(1, unet.crossAttentionDim) },
  ...(shape.pooled > 0 && { text_embeds: normals(1, shape.pooled), time_ids: normals(1, 6) }),
}
const loaded = peak()
const steps: object[] = []
for (let i = 0; i < 2; i++) {
  const [start, busy] = [performance.now(), process.cpuUsage()]
  weights.clearGradients()
  const { loss } = await step.run(feed, weights)
  const { user, system } = process.cpuUsage(busy)
  const seconds = (performance.now() - start) / 1000
  steps.push({ loss, seconds, processor: (user + system) / 1e6, peak: peak() })
}
const count = weights.tensors.reduce((sum, { shape }) => sum + elements(shape), 0)
console.log(JSON.stringify({ parameters: count, loading, loaded, steps }))
await step.release()

function peak(): number {
  return Math.round(Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024)
}
