import { samplerLabel, samplerName, scheduleLabel, scheduleName } from './labels.ts'
import { formatPairs, type Pair, parsePairs } from './pairs.ts'
import type { PictureSettings } from './settings.ts'

/** Keyword of the PNG chunk that A1111 and those after it read. */
export const parametersKeyword = 'parameters'

const negativeMark = 'Negative prompt:'
const program = 'Cicerone Studio '

/**
 * The text that A1111 writes into a picture: the prompt, a line for the negative prompt even when it is empty, and
 * one line of pairs. The version is led by the studio's name, or A1111 would take it for an old one of its own
 * and change its settings. The prediction type has no place in it.
 */
export function formatParameters(settings: PictureSettings): string {
  const { prompt, negative = '', base, guide, vae, embeddings, loras = [] } = settings
  // A1111 plugs in what the prompt names, and nothing else.
  const named = loras.filter(({ inPrompt }) => !inPrompt).map(({ name, strength }) => ` <lora:${name}:${strength}>`)
  const pairs: Pair[] = [
    ['Steps', settings.steps],
    ['Sampler', samplerLabel(settings.sampler)],
    ['Schedule type', scheduleLabel(settings.schedule)],
    ['CFG scale', settings.guidance],
    // What an extension of A1111's calls it.
    ['CFG Rescale', settings.rescale],
    ['Seed', settings.seed],
    ['Size', `${settings.width}x${settings.height}`],
    ['Model hash', base.hash],
    ['Model', base.name],
    ['VAE hash', vae?.hash],
    ['VAE', vae?.name],
    ['TI hashes', embeddings && hashesText(embeddings)],
    ['Clip skip', settings.clipSkip],
    ['Denoising strength', settings.strength],
    ['Lora hashes', loraHashes(loras)],
    // How A1111 says that there was a mask; greys of ours mix, nothing is blurred.
    ['Mask blur', settings.mask === undefined ? undefined : 0],
    ['Guidance method', settings.method],
    ['Guidance refresh', settings.refresh],
    ['Guidance interval', settings.interval?.join(' to ')],
    ['Guidance agreement', settings.agreement],
    ['Guide hash', guide?.hash],
    ['Guide', guide?.name],
    ['RNG', 'CPU'],
    ['Version', `${program}${settings.version}`],
  ]
  return `${prompt}${named.join('')}\n${negativeMark} ${negative}\n${formatPairs(pairs)}`
}

/** `ink: 0123456789ab, other: ...`; nothing where no hash is known. */
function loraHashes(loras: NonNullable<PictureSettings['loras']>): string | undefined {
  const hashes = new Map(loras.flatMap(({ name, hash }) => (hash === undefined ? [] : [[name, hash]])))
  return hashes.size === 0 ? undefined : Array.from(hashes, ([name, hash]) => `${name}: ${hash}`).join(', ')
}

/** What a text says, as far as it was understood. */
export interface ReadParameters {
  readonly settings: Partial<PictureSettings>
  /** Every pair as it was written, by its key. */
  readonly fields: ReadonlyMap<string, string>
}

/**
 * Reads the text of A1111, Forge and those that write as they do. Nothing is refused: what is missing or makes no sense
 * is left out. Takes time in proportion to the text's length.
 */
export function parseParameters(text: string): ReadParameters {
  const plain = text.replaceAll('\r\n', '\n')
  const lines = plain.trimEnd().split('\n')
  const pairs = parsePairs(lines.at(-1) ?? '')
  // A1111's own rule: fewer than three pairs are a part of the prompt
  const fields = pairs.size < 3 ? new Map<string, string>() : pairs
  const prompts = fields.size > 0 ? lines.slice(0, -1) : plain.split('\n')
  const mark = prompts.findIndex(line => line.startsWith(negativeMark))
  const [first = '', ...rest] = mark < 0 ? [] : prompts.slice(mark)
  const negative = [first.slice(negativeMark.length).replace(/^ /, ''), ...rest].join('\n')
  const prompt = (mark < 0 ? prompts : prompts.slice(0, mark)).join('\n')
  return { settings: { prompt, negative, ...settingsOf(fields) }, fields }
}

function settingsOf(fields: ReadonlyMap<string, string>): Partial<PictureSettings> {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(fields.get('Size') ?? '') ?? []
  const [sampler, schedule] = samplerOf(fields)
  const version = fields.get('Version')
  return known({
    steps: whole(fields.get('Steps'), 1),
    sampler,
    schedule,
    guidance: decimal(fields.get('CFG scale')),
    seed: whole(fields.get('Seed'), 0),
    width: whole(width, 1),
    height: whole(height, 1),
    base: fileOf(fields, 'Model'),
    vae: fileOf(fields, 'VAE'),
    embeddings: hashesOf(fields.get('TI hashes')),
    guide: fileOf(fields, 'Guide'),
    clipSkip: whole(fields.get('Clip skip'), 1),
    strength: decimal(fields.get('Denoising strength')),
    method: fields.get('Guidance method'),
    refresh: whole(fields.get('Guidance refresh'), 0),
    interval: intervalOf(fields.get('Guidance interval')),
    agreement: decimal(fields.get('Guidance agreement')),
    // SD.Next writes it small.
    rescale: decimal(fields.get('CFG Rescale') ?? fields.get('CFG rescale')),
    version: version?.startsWith(program) ? version.slice(program.length) : version,
  })
}

/** Before version 1.9 A1111 wrote the schedule behind the sampler: `DPM++ 2M Karras`. */
function samplerOf(fields: ReadonlyMap<string, string>): [sampler?: string | undefined, schedule?: string | undefined] {
  const label = fields.get('Sampler')
  const type = fields.get('Schedule type')
  const [, before, behind] = /^(.+) (Karras|Exponential)$/.exec(label ?? '') ?? []
  if (before && behind && type === undefined) return [samplerName(before), scheduleName(behind)]
  return [label && samplerName(label), type && scheduleName(type)]
}

function fileOf(fields: ReadonlyMap<string, string>, key: string): PictureSettings['vae'] {
  const name = fields.get(key)
  const hash = fields.get(`${key} hash`)
  return name === undefined ? undefined : known({ name, hash })
}

/** `name: hash, name: hash`, as A1111 lists embeddings; one without a hash has none behind its colon. */
const hashesText = (files: NonNullable<PictureSettings['embeddings']>): string =>
  files.map(({ name, hash = '' }) => `${name}: ${hash}`).join(', ')

function hashesOf(text: string | undefined): PictureSettings['embeddings'] {
  const found = text?.matchAll(/(.+?):\s*([\da-f]*)\s*(?:,\s*|$)/gi) ?? []
  const files = Array.from(found, ([, name = '', hash]) => known({ name: name.trim(), hash: hash || undefined }))
  return files.length > 0 ? files : undefined
}

const numeric = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

function decimal(text = ''): number | undefined {
  const value = numeric.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(value) ? value : undefined
}

function intervalOf(text: string | undefined): [low: number, high: number] | undefined {
  const [low, high, ...more] = (text?.split(' to ') ?? []).map(part => decimal(part))
  return low === undefined || high === undefined || more.length > 0 ? undefined : [low, high]
}

function whole(text: string | undefined, least: number): number | undefined {
  const value = decimal(text)
  return value !== undefined && Number.isSafeInteger(value) && value >= least ? value : undefined
}

type Known<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** Without the fields that are undefined. */
function known<T extends object>(values: T): Known<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Known<T>
}
