import { execFile, execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { uptime } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { assemble } from '../../../models/pipelines/assemble.ts'
import { parseRecipe, readRecipe } from '../../../models/training/read-recipe.ts'
import { claimOf } from '../../../models/training/run/claim.ts'
import { encodeTexts, inOneChunk } from '../../../models/training/states/texts.ts'
import { captions, scratch, trainAt, writeBase, writePack } from './support.ts'

const { at } = scratch()

beforeAll(async () => {
  await writeBase(at('base'))
  await writePack(at('data'))
  await writeFile(at('prompts.txt'), captions.join('\n'))
})

const common = { name: 'a', steps: 3, batch: 2, learningRate: 0.001, checkpointEvery: 1 }
const denoise = () => ({ ...common, objective: 'denoise', base: at('base'), data: at('data') })
const guide = () => ({
  ...{ ...common, objective: 'guide', base: at('base'), prompts: at('prompts.txt'), kind: 'tap1' },
  states: { count: 40, held: 8, teacherSteps: [2, 2] },
})

it.each([
  [{ steps: 'many' }, 'steps must be a number; got "many".'],
  [{ steps: 1.5 }, 'steps must be a whole number; got 1.5.'],
  [{ steps: 0 }, 'steps must be at least 1; got 0.'],
  [{ steps: undefined }, 'steps is missing; a number is needed.'],
  [{ learningRate: -1 }, 'learningRate must be more than 0; got -1.'],
  [
    { objective: 'magic' },
    'objective must be one of guide, progressive, denoise, lora, autoencode, contrast; got "magic".',
  ],
  [{ kind: 'big' }, 'kind must be one of lora1, tap1, loratap, encoder, agd, dice; got "big".'],
  [{ epochs: 3 }, 'epochs is no field of this objective.'],
  [{ betas: [0.9] }, 'betas must have at least 2; got [0.9].'],
  [{ name: '' }, 'name must have a length of at least 1; got "".'],
  [{ guidance: [5, 2] }, 'guidance is 5 to 2; the second must be above the first.'],
  [{ warmup: 9 }, 'warmup is 9, more than the 3 steps.'],
  [{ states: { count: 8, held: 8 } }, 'states.count is 8; 2 of each step and 8 held are needed.'],
  [{ states: { count: 8, size: 2 } }, 'states.size is no field of this objective.'],
])('names the field of a recipe and what is allowed: %j', (change, sentence) => {
  expect(() => parseRecipe({ ...guide(), ...change }, 'r.json')).toThrow(`r.json: ${sentence}`)
})

it.each([
  [{ held: 1 }, 'held is 1, less than a batch of 2.'],
  [{ base: undefined }, 'vae is needed where there is no base to go on from.'],
  [{ vae: 'x' }, 'vae is for a base from nothing, and base names one to go on from; leave one of them out.'],
])('names fields that contradict each other: %j', (change, sentence) => {
  expect(() => parseRecipe({ ...denoise(), ...change }, 'r.json')).toThrow(sentence)
})

it('refuses stages that are not halves, and a VAE from both and from nothing', () => {
  const { kind: _, states: __, ...rest } = guide()
  const progressive = { ...rest, objective: 'progressive', guide: 'g', states: { count: 40, held: 8 } }
  expect(() => parseRecipe({ ...progressive, stages: [8, 3] }, 'r')).toThrow(
    'stages.1 is 3; it must be half of the one before it.',
  )
  const { base, ...autoencode } = { ...denoise(), objective: 'autoencode' }
  expect(() => parseRecipe(autoencode, 'r')).toThrow('either base or vae is needed')
  expect(() => parseRecipe({ ...autoencode, base, vae: { block_out_channels: [16] } }, 'r')).toThrow(
    'either base or vae',
  )
})

it('reads every recipe that is shipped', async () => {
  const files = await readdir(shipped.recipes)
  const recipes = files.filter(file => file.endsWith('.json'))
  const known = {
    demo: shipped.demo,
    'demo-guide': shipped.guide,
    'emoji-scenes': join(shipped.prompts, 'emoji-scenes.txt'),
  }
  const objectives = new Set<string>()
  for (const file of recipes) objectives.add((await readRecipe(join(shipped.recipes, file), known)).objective)
  expect(objectives.size).toBe(6)
})

const refused = async (folder: string, recipe: object, options = {}) => {
  const error = await trainAt(at(folder), recipe, options).then(
    () => undefined,
    (reason: unknown) => reason as Error,
  )
  expect(error?.name).toBe('UserError')
  return error?.message as string
}

it('says in one sentence what is missing', async () => {
  expect(await refused('a', { ...guide(), base: at('nothing') })).toBe(`${at('nothing')} does not exist.`)
  expect(await refused('b', { ...guide(), prompts: at('nothing.txt') })).toBe(`${at('nothing.txt')} does not exist.`)
  await writeFile(at('empty.txt'), '\n# a comment\n\n')
  expect(await refused('c', { ...guide(), prompts: at('empty.txt') })).toBe(`${at('empty.txt')} holds no prompts.`)
  await writeFile(at('binary.txt'), Uint8Array.of(0xff, 0xfe, 97, 0, 10, 0))
  expect(await refused('i', { ...guide(), prompts: at('binary.txt') })).toBe(`${at('binary.txt')} is no text file.`)
  expect(await refused('d', { ...denoise(), data: at('nothing') })).toBe(
    `${at('nothing')} holds loose pictures, and the recipe does not say how large they are to be.`,
  )
  expect(await refused('e', { ...denoise(), data: at('nothing'), pixels: 16 })).toBe(`${at('nothing')} does not exist.`)
  expect(await refused('h', { ...denoise(), held: 16 })).toBe(
    'held is 16; the dataset has 16 pictures, and a batch of 2 must be left.',
  )
  await writePack(at('odd'), 15)
  expect(await refused('f', { ...denoise(), data: at('odd') })).toBe(
    'The pictures are 15 x 15; this base takes sides that divide by 2.',
  )
})

it('takes of a prompt that is too long what the base reads at once', async () => {
  const base = asBase(await describeModel(at('base')))
  await using closing = new AsyncDisposableStack()
  const pipeline = await assemble(base, { merges: shipped.merges, threads: 1 })
  closing.defer(() => pipeline.sessions.release())
  const long = 'a prompt that is far too long for this base, since it spells each letter'
  const cut = inOneChunk(long, pipeline.encoders)
  expect(cut.length).toBeGreaterThan(8)
  expect(long.startsWith(`${cut} `)).toBe(true)
  expect(inOneChunk('an owl', pipeline.encoders)).toBe('an owl')
  expect('字'.repeat(1000).startsWith(inOneChunk('字'.repeat(1000), pipeline.encoders))).toBe(true)

  const encoded = async (name: string, text: string) => {
    const folder = { cache: at(name) }
    const { tokens, store } = await encodeTexts(pipeline, [text], {
      folder,
      signal: undefined,
      tell: () => {},
      closing,
    })
    expect(tokens).toBe(24)
    return [await store.read('states', [0]), await store.read('mean', [0])]
  }
  expect(await encoded('long', long)).toEqual(await encoded('cut', cut))
})

it("keeps to its own run's folder", async () => {
  await trainAt(at('run'), denoise())
  expect(await refused('run', { ...denoise(), seed: 4 }, { resume: true })).toBe(
    `${at('run')} holds a run of another recipe (a); seed differs.`,
  )
  // One that came to nothing, for a base that was not there, and a recipe that is mended.
  await refused('wrong', { ...denoise(), base: at('nothing') })
  await expect(trainAt(at('wrong'), denoise())).rejects.toMatchObject({
    message: `${at('wrong')} holds a run of another recipe (a); base differs.`,
    hint: 'Choose another folder with --run, or delete this one: it has no checkpoint yet.',
  })
  expect(await refused('run', denoise())).toBe(`${at('run')} already holds this run.`)
  expect(await refused('never', denoise(), { resume: true })).toBe(`There is no run in ${at('never')} to go on with.`)
  await mkdir(at('mine'))
  await writeFile(at('mine', 'letter.txt'), 'dear')
  expect(await refused('mine', denoise())).toBe(`${at('mine')} holds something else than a run.`)
  expect(await readdir(at('mine'))).toEqual(['letter.txt'])
  expect(await readdir(at())).not.toContain('never')

  // One that is at work elsewhere, and one that was killed.
  await writeFile(at('run', 'running'), String(process.ppid))
  const twice = await refused('run', denoise(), { resume: true })
  expect(twice).toBe(`${at('run')} is in use by the process ${process.ppid}.`)
  await writeFile(at('run', 'running'), '99999999')
  await trainAt(at('run'), denoise(), { resume: true })
  expect(await readdir(at('run'))).not.toContain('running')
  // One from before the computer was started: its number is another process's by now.
  await writeFile(at('run', 'running'), `${process.ppid} the studio`)
  expect(await claimOf(at('run'))).toEqual({ pid: process.ppid, by: 'the studio' })
  const before = new Date(Date.now() - uptime() * 1000 - 60_000)
  await utimes(at('run', 'running'), before, before)
  expect(await claimOf(at('run'))).toBeUndefined()
})

it('stops where the loss is no number, and keeps the last good checkpoint', async () => {
  const { base: _, ...rest } = denoise()
  const vae = { block_out_channels: [16], norm_num_groups: 8, patch_size: 2 }
  // Variances that grow beyond all numbers.
  const recipe = {
    ...rest,
    objective: 'autoencode',
    vae,
    steps: 200,
    learningRate: 1,
    warmup: 20,
    checkpointEvery: 2,
    clip: 1e9,
    kl: 0,
  }
  const message = await refused('nan', recipe)
  const [, step, kept] =
    /^The loss is no longer a number at step (\d+); the checkpoint of step (\d+) is kept[.]$/.exec(message) ?? []
  expect(Number(kept)).toBeLessThan(Number(step))
  const files = await readdir(at('nan', 'checkpoints'))
  expect(files).toContain(`step-${String(kept).padStart(8, '0')}.safetensors`)
  const lines = (await readFile(at('nan', 'metrics.jsonl'), 'utf8')).split('\n').filter(Boolean)
  expect(lines.length).toBe(Number(step) - 1)
  expect(lines.every(line => Number.isFinite(JSON.parse(line).loss))).toBe(true)
})

/** A file system of its own, which only Linux gives to everyone, in a namespace that ends with the process. */
const mounted = (folder: string, then: string): string[] => [
  ...['-rm', 'sh', '-c', `mount -t tmpfs -o size=30m none "$0" && ${then}`, folder],
]
function canMount(): boolean {
  try {
    execFileSync('unshare', mounted('/mnt', 'true'), { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

it.runIf(canMount())('loses no checkpoint where the disk is full in the middle of the next', async () => {
  const folder = at('small')
  await mkdir(folder)
  await writeFile(at('small.json'), JSON.stringify({ ...denoise(), threads: 1, steps: 9 }))
  const child = join(import.meta.dirname, 'child.ts')
  const then = '"$1" "$2" "$3" "$0/run"; ls -a "$0/run/checkpoints"; true'
  const { stdout } = await promisify(execFile)('unshare', [
    ...mounted(folder, then),
    process.execPath,
    child,
    at('small.json'),
  ])
  const [said = '', ...files] = stdout.split('\n').filter(line => line !== '' && !line.startsWith('.'))
  expect(JSON.parse(said)).toMatchObject({
    name: 'UserError',
    message: expect.stringMatching(/does not fit: the disk is full/),
  })
  expect(files.length).toBeGreaterThan(0)
  expect(stdout).not.toContain('.part')
})

it.runIf(canMount())('begins where the disk was full when it was begun first', async () => {
  const folder = at('full')
  await mkdir(folder)
  await writeFile(at('full.json'), JSON.stringify({ ...denoise(), threads: 1, steps: 1 }))
  const child = join(import.meta.dirname, 'child.ts')
  const fill = 'mkdir "$0/run"; dd if=/dev/zero of="$0/fill" bs=4k 2>/dev/null'
  const then = `${fill}; "$1" "$2" "$3" "$0/run"; rm "$0/fill"; "$1" "$2" "$3" "$0/run"; cat "$0/run/metrics.jsonl"`
  const arguments_ = [...mounted(folder, then), process.execPath, child, at('full.json')]
  const { stdout } = await promisify(execFile)('unshare', arguments_)
  expect(stdout).toContain('the disk is full')
  expect(stdout).toContain('{"step":1,')
})
