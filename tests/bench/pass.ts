import { InferenceSession, Tensor } from 'onnxruntime-node'
import { shipped } from '../../main/paths.ts'
import { asBase } from '../../models/checkpoint/as-base.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { none } from '../../models/guidance/none.ts'
import { assemble, unetGraph } from '../../models/pipelines/assemble.ts'
import { condition } from '../../models/pipelines/condition.ts'
import { denoiser } from '../../models/pipelines/denoiser.ts'
import { Generator } from '../../models/tensor/random.ts'

/**
 * `npm run bench -- [MODEL] [SIDE] [ROUNDS]`: seconds of one UNet pass through the studio's denoiser and through
 * onnxruntime alone on the same ONNX graph, in turns; medians, and the median of the ratios pair by pair.
 */
async function main([model = shipped.demo, side = '16', rounds = '51']: string[]): Promise<void> {
  const pipeline = await assemble(asBase(await describeModel(model)), { merges: shipped.merges })
  const told = await condition(pipeline, { prompt: 'a cat', guided: false, clipSkip: 1 })
  const shape = [1, pipeline.unet.inChannels, Number(side), Number(side)]
  const noise = new Generator(0).normals(pipeline.unet.inChannels * Number(side) ** 2)

  const begin = performance.now()
  await pipeline.sessions.unet()
  const load = (performance.now() - begin) / 1000
  const loaded = peakMiB()
  const { denoise } = await denoiser(pipeline, told, {
    method: none({ refresh: 0, interval: [0, 0], agreement: 1, rescale: 0 }),
    guidance: 1,
    prediction: 'epsilon',
    shape,
    together: true,
  })
  const studio = () => denoise(noise, { timestep: 500, alpha: 0.5, sigma: 0.866 })
  await studio()
  const painted = peakMiB()

  const graph = unetGraph(pipeline)
  const direct = await InferenceSession.create(graph.bytes, {
    extra: { session: { model_external_initializers_file_folder_path: graph.folder } },
  })
  const feeds = {
    sample: new Tensor('float32', noise, shape),
    timestep: new Tensor('float32', [500], [1]),
    context: new Tensor('float32', told.positive, [1, told.tokens, told.width]),
    ...(told.pooled && {
      text_embeds: new Tensor('float32', told.pooled.positive, [1, told.pooled.positive.length]),
      time_ids: new Tensor('float32', [512, 512, 0, 0, 512, 512], [1, 6]),
    }),
  }
  const alone = () => direct.run(feeds)
  await alone()

  const pairs: [number, number][] = []
  // Which of the two goes first changes with each round, so that a drifting machine favours neither.
  for (let round = 0; round < Number(rounds); round++) {
    if (round % 2 === 0) pairs.push([await seconds(studio), await seconds(alone)])
    else {
      const second = await seconds(alone)
      pairs.push([await seconds(studio), second])
    }
  }
  console.log(`UNet pass, latent ${side} x ${side}, ${rounds} rounds`)
  console.log(`studio       ${median(pairs.map(([own]) => own)).toFixed(4)} s`)
  console.log(`onnxruntime  ${median(pairs.map(([, other]) => other)).toFixed(4)} s`)
  console.log(`ratio        ${median(pairs.map(([own, other]) => own / other)).toFixed(3)}`)
  console.log(`session      ${load.toFixed(2)} s, peak ${loaded} MiB; with one pass ${painted} MiB`)
  await Promise.all([pipeline.sessions.release(), direct.release()])
}

const peakMiB = (): number => Math.round(process.resourceUsage().maxRSS / 1024)

async function seconds(work: () => Promise<unknown>): Promise<number> {
  // The other session's threads look for work for some 20 ms after their last: wait until they sleep.
  await new Promise(resolve => setTimeout(resolve, 50))
  const begin = performance.now()
  await work()
  return (performance.now() - begin) / 1000
}

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

await main(process.argv.slice(2))
