import type { PictureDetail, PictureRecord } from '../../../preload/contract/gallery.ts'
import { counted, duration } from '../../text.ts'
import { nameToken } from '../../views/gallery/query.ts'
import { methodWord, samplerWord, scheduleWord } from './words.ts'

/** One line of a picture's caption; `filter` is the search that finds its like. */
export interface CaptionLine {
  readonly label: string
  readonly value: string
  readonly filter?: string
}

/** What follows the prompt in a caption: what made the picture first, then the numbers, then what it cost. */
export function captionLines(detail: PictureDetail): CaptionLine[] {
  const { settings, passes, seconds } = detail
  const lines = settings ? settingsLines(settings) : []
  lines.push({ label: 'Size', value: `${detail.width} × ${detail.height}` })
  if (seconds !== null) {
    const cost = passes === null ? '' : `${counted(passes, 'pass', 'passes')} · `
    lines.push({ label: 'Cost', value: cost + duration(seconds) })
  }
  for (const tag of detail.tags) lines.push({ label: 'Tag', value: tag, filter: nameToken('tag', tag) })
  return lines
}

function settingsLines(settings: PictureRecord): CaptionLine[] {
  const { base, method, guidance, steps, sampler, seed, strength, clipSkip = 1, predictionType, loras = [] } = settings
  const lines: CaptionLine[] = [
    { label: 'Base', value: base.name, filter: nameToken('base', base.name) },
    { label: 'Method', value: methodWord(method), filter: nameToken('method', method) },
  ]
  if (settings.guide) lines.push({ label: 'Guide', value: settings.guide.name })
  if (settings.vae) lines.push({ label: 'VAE', value: settings.vae.name })
  for (const { name } of settings.embeddings ?? []) lines.push({ label: 'Embedding', value: name })
  if (loras.length > 0) {
    const named = loras.map(({ name, strength }) => `${name} ${strength}`)
    lines.push({ label: loras.length === 1 ? 'LoRA' : 'LoRAs', value: named.join(', ') })
  }
  if (method !== 'none') lines.push({ label: 'Guidance', value: String(guidance), filter: `w=${guidance}` })
  lines.push(
    ...optionLines(settings),
    { label: 'Steps', value: String(steps), filter: `steps=${steps}` },
    { label: 'Sampler', value: samplerWord(sampler), filter: nameToken('sampler', sampler) },
    { label: 'Schedule', value: scheduleWord(settings.schedule) },
    { label: 'Seed', value: String(seed), filter: `seed:${seed}` },
  )
  if (strength !== undefined)
    lines.push({ label: 'Strength', value: `${strength}${settings.mask ? ', under a mask' : ''}` })
  if (clipSkip > 1) lines.push({ label: 'Clip skip', value: String(clipSkip) })
  if (predictionType) lines.push({ label: 'Prediction', value: predictionType.replace('_prediction', '') })
  return lines
}

/** The options of the guidance method. */
function optionLines({ method, refresh, interval, agreement, rescale }: PictureRecord): CaptionLine[] {
  const lines: CaptionLine[] = []
  const every = refresh === 1 ? 'every step' : `every ${refresh} steps`
  if (method === 'guide' && refresh) lines.push({ label: 'Corrected', value: every })
  if (method === 'reuse' && refresh) lines.push({ label: 'Two passes', value: every })
  if (interval) lines.push({ label: 'Guided', value: `noise levels ${interval.join(' to ')}` })
  if (agreement !== undefined) lines.push({ label: 'Guided', value: `until both passes agree to ${agreement}` })
  if (rescale !== undefined) lines.push({ label: 'Rescale', value: String(rescale) })
  return lines
}

const quoted = (value: string): string => (/[,:\n\r]|^["\s]|\s$|^$/.test(value) ? JSON.stringify(value) : value)

/** The settings as the picture's file carries them for A1111 and those after it, to be pasted there. */
export function settingsText(settings: PictureRecord): string {
  const { loras = [] } = settings
  const named = loras.filter(({ inPrompt }) => !inPrompt).map(({ name, strength }) => ` <lora:${name}:${strength}>`)
  const hashes = loras.flatMap(({ name, hash }) => (hash === undefined ? [] : [`${name}: ${hash}`]))
  const pairs: [string, string | number | undefined][] = [
    ['Steps', settings.steps],
    ['Sampler', samplerWord(settings.sampler)],
    ['Schedule type', scheduleWord(settings.schedule)],
    ['CFG scale', settings.guidance],
    ['CFG Rescale', settings.rescale],
    ['Seed', settings.seed],
    ['Size', `${settings.width}x${settings.height}`],
    ['Model hash', settings.base.hash],
    ['Model', settings.base.name],
    ['VAE hash', settings.vae?.hash],
    ['VAE', settings.vae?.name],
    ['TI hashes', settings.embeddings?.map(({ name, hash = '' }) => `${name}: ${hash}`).join(', ')],
    ['Clip skip', settings.clipSkip],
    ['Denoising strength', settings.strength],
    ['Lora hashes', hashes.length === 0 ? undefined : [...new Set(hashes)].join(', ')],
    ['Guidance method', settings.method],
    ['Guidance refresh', settings.refresh],
    ['Guidance interval', settings.interval?.join(' to ')],
    ['Guidance agreement', settings.agreement],
    ['Guide hash', settings.guide?.hash],
    ['Guide', settings.guide?.name],
    ['RNG', 'CPU'],
    ['Version', `Cicerone Studio ${settings.version}`],
  ]
  const line = pairs
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}: ${quoted(String(value))}`)
  return `${settings.prompt}${named.join('')}\nNegative prompt: ${settings.negative ?? ''}\n${line.join(', ')}`
}
