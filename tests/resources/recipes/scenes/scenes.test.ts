import { expect, test } from 'vitest'
import { backgrounds } from '../../../../resources/recipes/scenes/backgrounds.ts'
import { isHeldOut } from '../../../../resources/recipes/scenes/pools.ts'
import { openScenes, type PaintedScene } from '../../../../resources/recipes/scenes/scenes.ts'
import { things } from '../../../../resources/recipes/scenes/things.ts'
import { art, colours, type Tile } from './squares.ts'

const options = { size: 64, seed: 7, split: 'train' } as const
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

/** The colour of one pixel. */
function at({ picture }: PaintedScene, size: number, x: number, y: number): number[] {
  return [0, 1, 2].map(c => picture[(c * size + y) * size + x] as number)
}

test('the same seed and index give the same scene, whatever else is painted', async () => {
  const one = await openScenes(art, options)
  const two = await openScenes(art, options)
  const first = numbers(40).map(one)
  expect(numbers(40).reverse().map(two).reverse()).toEqual(first)
  const other = await openScenes(art, { ...options, seed: 8 })
  expect(numbers(40).map(i => other(i).scene.caption)).not.toEqual(first.map(({ scene }) => scene.caption))
})

test('things are where the caption has them', async () => {
  const paint = await openScenes(art, options)
  const centres = {
    middle: [32, 32],
    'top left': [15, 15],
    'top right': [49, 15],
    'bottom left': [15, 49],
    'bottom right': [49, 49],
    left: [17, 32],
    top: [32, 17],
  } as const
  const seen = new Set<string>()
  for (const painted of numbers(300).map(paint)) {
    const { thing, other, place, size, caption } = painted.scene
    seen.add(`${size} ${place}`)
    const [x, y] = centres[place]
    expect(at(painted, 64, x, y), caption).toEqual(colours[thing as Tile])
    if (other === undefined) continue
    const [otherX, otherY] = place === 'left' ? [47, 32] : [32, 47]
    expect(at(painted, 64, otherX, otherY), caption).toEqual(colours[other as Tile])
  }
  expect(seen.size).toBe(8)
})

test('captions say what is to be seen, the style in 60% and the background in 70%', async () => {
  const paint = await openScenes(art, options)
  const scenes = numbers(2000).map(i => paint(i).scene)
  const noun = (thing: string): string => thing.replace(/^an? /, '')
  const endings = Object.entries(backgrounds)
    .flatMap(([name, { endings }]) => endings.map(words => [name, words] as const))
    .toSorted(([, a], [, b]) => b.length - a.length)
  let styles = 0
  let said = 0
  for (const { caption, thing, other, place, size, style, background } of scenes) {
    const [first, second] = [caption.indexOf(noun(thing)), caption.indexOf(noun(other ?? thing))]
    expect(Math.min(first, second), caption).toBeGreaterThanOrEqual(0)
    if (other !== undefined) {
      const turned = /to the right of|below/.test(caption)
      expect(turned ? second < first : first < second, caption).toBe(true)
      const relation = place === 'left' ? / next to | to the (left|right) of | and / : / above | on top of | below /
      expect(caption).toMatch(relation)
    }
    const tellsPlace = place === 'middle' ? /in the (middle|center)/ : new RegExp(`in the ${place}`)
    if (size === 'small') expect(caption).toMatch(tellsPlace)
    expect(/ (small|little) |^(small|little) /.test(caption), caption).toBe(size === 'small')
    expect(caption).not.toMatch(/ {2}|\ba [aeiou]|\ban [^aeiou]|undefined/)
    if (new RegExp(`\\b${style}\\b`).test(caption)) styles++
    // The longest, since " on green" also begins " on green grass"
    const [ending] = endings.filter(([, words]) => caption.includes(words))
    expect([undefined, background], caption).toContain(ending?.[0])
    if (ending !== undefined) said++
  }
  expect(styles / scenes.length).toBeCloseTo(0.6, 1)
  expect(said / scenes.length).toBeCloseTo(0.7, 1)
})

test('no combination that is held out is trained on, and nothing else is held out', async () => {
  const train = await openScenes(art, options)
  const heldOut = await openScenes(art, { ...options, split: 'held-out' })
  const shown = (paint: typeof train): [string, string][] =>
    numbers(500).flatMap(i => {
      const { thing, other, background } = paint(i).scene
      return [thing, other ?? thing].map(name => [name, background] as [string, string])
    })
  expect(shown(train).some(([thing, background]) => isHeldOut(thing, background))).toBe(false)
  expect(shown(heldOut).every(([thing, background]) => isHeldOut(thing, background))).toBe(true)
})

test('of each thing and of each background most, and of every background something held out', () => {
  const names = Object.values(things)
  expect(new Set(names).size).toBe(names.length)
  for (const thing of names)
    expect(Object.keys(backgrounds).filter(name => isHeldOut(thing, name)).length, thing).toBeLessThan(10)
  for (const name of Object.keys(backgrounds)) {
    const share = names.filter(thing => isHeldOut(thing, name)).length / names.length
    expect(share, name).toBeGreaterThan(0.05)
    expect(share, name).toBeLessThan(0.25)
  }
})

test('a thing is never put where its outline is lost', async () => {
  const white = { style: 'plain', drawings: new Map(['a milk tile', 'a snow tile', 'a chalk tile'].map(whiteTile)) }
  const paint = await openScenes([white], options)
  const used = new Set(numbers(400).map(i => paint(i).scene.background))
  expect(used).not.toContain('white')
  expect(used).toContain('black')
})

function whiteTile(thing: string) {
  return [thing, { body: '<rect width="32" height="32" fill="#fff"/>', box: [0, 0, 32, 32] }] as const
}

test('what cannot be painted is said in one sentence', async () => {
  await expect(openScenes(art, { ...options, style: 'baroque' })).rejects.toThrow('There is no style "baroque".')
  await expect(openScenes(art, { ...options, size: 100 })).rejects.toThrow('multiple of 8')
  await expect(openScenes([], options)).rejects.toThrow('too little art')
  const empty = { style: 'plain', drawings: new Map([['a hole', { body: '', box: [0, 0, 1, 1] as const }]]) }
  await expect(openScenes([empty], options)).rejects.toThrow('the drawing of a hole, plain shows nothing')
})
