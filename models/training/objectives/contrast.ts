import { join } from 'node:path'
import { add } from '../../graph/ops/add.ts'
import { exp } from '../../graph/ops/exp.ts'
import { log } from '../../graph/ops/log.ts'
import { matmul } from '../../graph/ops/matmul.ts'
import { mul } from '../../graph/ops/mul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { sub } from '../../graph/ops/sub.ts'
import { meanAll, sum } from '../../graph/ops/sum.ts'
import { transpose } from '../../graph/ops/transpose.ts'
import { input, scalar, type Value } from '../../graph/value.ts'
import { pictureVector, type ScorerConfig, scale, textVector } from '../../networks/scorer/scorer.ts'
import { loadTokenizer } from '../../prompt/tokenizer.ts'
import { f32, i64 } from '../../tensor/tensor.ts'
import { openData } from '../data/open.ts'
import { Order } from '../data/order.ts'
import { split } from '../data/split.ts'
import { firstChunk } from '../first-chunk.ts'
import { newTextConfig } from '../new-text-config.ts'
import { generatorAt, stream } from '../random.ts'
import type { RecipeOf } from '../recipe.ts'
import { saveScorer } from '../results/scorer.ts'
import { take } from '../states/teacher.ts'
import { openLook } from '../step.ts'
import { fresh, type Start, Trained } from '../trained.ts'
import type { OpenObjective, Trainees } from './objective.ts'

const usualText = {
  hidden_size: 128,
  intermediate_size: 512,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: 24,
}

/**
 * Trains a scorer of pictures and texts, as CLIP (Radford et al. 2021): among the captions of a batch each picture shall
 * find its own, and each caption its picture. Accumulated batches are compared within themselves.
 */
export const contrast: OpenObjective<RecipeOf<'contrast'>> = async (recipe, setting) => {
  const files = { vocab: join(recipe.tokenizer, 'vocab.json'), merges: join(recipe.tokenizer, 'merges.txt') }
  const tokenizer = await loadTokenizer(files)
  const pack = await openData(recipe.data, recipe.pixels, setting)
  const { batch, channels, text = usualText } = recipe
  const config: ScorerConfig = {
    channels,
    text: { ...newTextConfig(text, tokenizer.eos), projection: recipe.width },
  }
  const trained = new Trained()
  const random = fresh(generatorAt(recipe.seed, stream.weights))
  // CLIP's temperature of 0.07.
  const start: Start = (name, shape) =>
    name === 'logit_scale' ? f32(Float32Array.of(Math.log(1 / 0.07))) : random(name, shape)
  const parameters = trained.parameters('', start)
  const shape = [batch, 3, pack.height, pack.width] as const
  const picture = pictureVector(config, parameters, input('picture', { shape, dtype: 'f32' }))
  const ids = input('ids', { shape: [batch, config.text.positions], dtype: 'i64' })
  const caption = textVector(config, parameters, ids, input('ends', { shape: [batch], dtype: 'i64' }))
  const { loss, matched } = infoNce(picture, caption, exp(scale(parameters)))

  const { seen, held } = split(pack.count, recipe)
  const order = new Order(recipe.seed, seen.length)
  const feed = async (indices: readonly number[]) => {
    const rows = indices.map(index => {
      return firstChunk(pack.captions[index] as string, tokenizer, config.text.positions)
    })
    return {
      picture: f32(await pack.pictures(indices), shape),
      ids: i64(rows.flat(), [batch, config.text.positions]),
      ends: i64(rows.map((row, i) => i * config.text.positions + row.indexOf(tokenizer.eos))),
    }
  }

  /** The loss on what is kept aside, and the share of those pictures that find their caption among those of a batch. */
  async function evaluate(weights: Trainees): Promise<Record<string, number>> {
    if (held.length === 0) return {}
    const look = await openLook({ loss, pictures: picture, captions: caption }, setting.threads)
    try {
      let [sum, found] = [0, 0]
      for (let first = 0; first < held.length; first += batch) {
        const { loss, pictures, captions } = await look.run(await feed(held.slice(first, first + batch)), weights)
        sum += batch * Number(loss?.[0])
        found += retrieved(pictures as Float32Array, captions as Float32Array, batch)
      }
      return { 'held loss': sum / held.length, retrieved: found / held.length }
    } finally {
      await look.release()
    }
  }

  return {
    graph: { loss, measures: { matched }, trained: trained.inputs },
    initial: await trained.initial(),
    batches: step =>
      Promise.all(
        Array.from({ length: recipe.accumulate }, (_, i) =>
          feed(order.at((step * recipe.accumulate + i) * batch, batch).map(place => seen[place] as number)),
        ),
      ),
    evaluate,
    save: (weights, provenance) =>
      saveScorer(join(setting.folder.result, 'scorer.safetensors'), weights, provenance, { config, tokenizer: files }),
  }
}

/** Cross-entropy of finding the partner, both ways; `matched` is the mean probability of the right caption. */
function infoNce(picture: Value, caption: Value, by: Value): { loss: Value; matched: Value } {
  // Products are at most `by`: less that, no exponential is above 1.
  const scores = sub(mul(matmul(picture, transpose(caption, [1, 0])), by), by)
  const right = sub(mul(sum(mul(picture, caption), [1]), by), by)
  const batch = picture.shape[0] as number
  const surprise = (axis: number) => sub(reshape(log(sum(exp(scores), [axis])), [batch, 1]), right)
  const [found, read] = [surprise(1), surprise(0)]
  return {
    loss: mul(add(meanAll(found), meanAll(read)), scalar(0.5)),
    matched: meanAll(exp(mul(found, scalar(-1)))),
  }
}

/** How many pictures are closest to their own caption. */
function retrieved(pictures: Float32Array, captions: Float32Array, batch: number): number {
  const width = pictures.length / batch
  const product = (i: number, j: number) =>
    take(pictures, i, width).reduce((sum, value, k) => sum + value * (captions[j * width + k] as number), 0)
  let right = 0
  for (let i = 0; i < batch; i++) {
    const own = product(i, i)
    if (Array.from({ length: batch }, (_, j) => j).every(j => j === i || product(i, j) < own)) right++
  }
  return right
}
