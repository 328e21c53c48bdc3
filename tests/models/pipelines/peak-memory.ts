import { readFileSync } from 'node:fs'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { assemble } from '../../../models/pipelines/assemble.ts'
import { Generator } from '../../../models/tensor/random.ts'
import { elements, f32 } from '../../../models/tensor/tensor.ts'

/**
 * `node peak-memory.ts MODEL [SIDE]`: loads a model's UNet and makes one pass over a latent of that side. Prints as JSON
 * the bytes of its weights as f32, what the process held at most while loading and with the pass, less what it held
 * before, and the pass's seconds. Linux only.
 */
const [, , path = '', side = '16'] = process.argv
const pipeline = await assemble(asBase(await describeModel(path)), { merges: shipped.merges })
const { base, unet, encoders } = pipeline
const weights = [...base.unet.table.values()].reduce((sum, { shape }) => sum + 4 * elements(shape), 0)
// What onnxruntime itself takes is no part of it.
await pipeline.sessions.decoder()
await pipeline.sessions.release()
const before = resident('VmRSS')
const session = await pipeline.sessions.unet()
const loaded = resident('VmHWM') - before
const normals = (...shape: number[]) =>
  f32(new Generator(0).normals(Math.max(16, elements(shape))).subarray(0, elements(shape)), shape)
const tokens = encoders[0]?.config.positions ?? 77
const begin = performance.now()
await session.run({
  sample: normals(1, unet.inChannels, Number(side), Number(side)),
  timestep: f32(Float32Array.of(500)),
  context: normals(1, tokens, unet.crossAttentionDim),
  ...(unet.additionInputs !== undefined && {
    text_embeds: normals(1, encoders[1]?.config.projection ?? 0),
    time_ids: f32(Float32Array.of(1024, 1024, 0, 0, 1024, 1024), [1, 6]),
  }),
})
const seconds = (performance.now() - begin) / 1000
const peak = resident('VmHWM') - before
const ratio = peak / weights
console.log(JSON.stringify({ weights, loaded, peak, ratio, seconds }))
await pipeline.sessions.release()

function resident(field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync('/proc/self/status', 'utf8')
  return 1024 * Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1])
}
