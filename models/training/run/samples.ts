import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { z } from 'zod'
import { pause } from '../../pipelines/cancel.ts'
import { writeAtomically, writeText } from '../../tensor/atomically.ts'
import { type Reference, referenceNames, type Sample, type Setting, type Shown } from '../objectives/objective.ts'

/** What a sample is called: `step-00000500-1.png`, `cfg-1.png`. */
const fileOf = (of: string, index: number): string => `${of}-${index + 1}.png`
const stepName = (step: number): string => `step-${String(step).padStart(8, '0')}`
const pattern = /^(step-\d{8}|cfg|none)-\d[.]png$/
const promptsFile = 'prompts.json'

/** Whether a file of a run may be one of its samples. */
export const isSample = (name: string): boolean => pattern.test(name)

/** Writes the sample pictures of a step. */
export async function writeSamples(folder: string, step: number, samples: readonly Sample[]): Promise<void> {
  for (const [i, sample] of samples.entries()) await write(join(folder, fileOf(stepName(step), i)), sample)
}

/** Paints and writes once what the samples are held against, and what they are painted of. */
export async function writeReferences(
  folder: string,
  { prompts, references }: Shown,
  { signal, tell }: Pick<Setting, 'signal' | 'tell'>,
): Promise<void> {
  const there = new Set(await readdir(folder))
  if (!there.has(promptsFile)) await writeText(join(folder, promptsFile), JSON.stringify(prompts))
  const all = referenceNames.flatMap(method => prompts.map((_, index) => ({ method, index })))
  const missing = all.filter(({ method, index }) => !there.has(fileOf(method, index)))
  let done = 0
  for await (const sample of references(missing)) {
    const { method, index } = missing[done++] as Reference
    await write(join(folder, fileOf(method, index)), sample)
    tell('painting what the samples are held against', done, missing.length)
    await pause(signal)
  }
}

/** The sample pictures of a run. */
export interface Samples {
  readonly prompts: readonly string[]
  /** Names of files, the first steps first. */
  readonly steps: readonly { readonly step: number; readonly files: readonly string[] }[]
  readonly cfg: readonly string[]
  readonly none: readonly string[]
}

/** The sample pictures that are there so far. */
export async function readSamples(folder: string): Promise<Samples> {
  const files = (await readdir(folder).catch(() => [])).filter(isSample).toSorted()
  const of = Map.groupBy(files, name => pattern.exec(name)?.[1] ?? '')
  const prompts = await readFile(join(folder, promptsFile), 'utf8').then(
    text => promptsSchema.safeParse(parsed(text)).data ?? [],
    () => [],
  )
  const steps = [...of]
    .filter(([name]) => name.startsWith('step-'))
    .map(([name, own]) => ({ step: Number(name.slice('step-'.length)), files: own }))
  return { prompts, steps, cfg: of.get('cfg') ?? [], none: of.get('none') ?? [] }
}

const promptsSchema = z.array(z.string())

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function write(path: string, { pixels, width, height }: Sample): Promise<void> {
  const png = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
  await writeAtomically(path, handle => handle.writeFile(png))
}
