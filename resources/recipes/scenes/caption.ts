import type { Generator } from '../../../models/tensor/random.ts'
import { backgrounds } from './backgrounds.ts'
import { pick } from './pick.ts'
import type { Scene } from './plan.ts'

/** Share of captions that name the style, and the background. */
const saysStyle = 0.6
const saysBackground = 0.7

const sizeWords = { big: ['', '', 'big', 'large'], small: ['small', 'little'], half: [''] } as const

/** What a person would ask for to get this scene: always the thing, where it is small and what stands beside it. */
export function writeCaption(scene: Scene, random: Generator): string {
  const text = content(scene, random)
  const ending = random.word() < saysBackground * 2 ** 32 ? pick(random, backgrounds[scene.background]!.endings) : ''
  if (random.word() >= saysStyle * 2 ** 32) return `${text}${ending}`
  const { style } = scene
  return pick(random, [
    `${text}${ending}, ${style}`,
    `${text}${ending}, ${style} style`,
    `${text} in ${style} style${ending}`,
    `${style} picture of ${text}${ending}`,
  ])
}

function content({ thing, size, place, other }: Scene, random: Generator): string {
  const first = withSize(thing, pick(random, sizeWords[size]))
  if (other === undefined) return size === 'small' ? `${first} ${pick(random, placeWords[place])}` : first
  const sentences =
    place === 'left'
      ? [
          `${first} next to ${other}`,
          `${first} to the left of ${other}`,
          `${other} to the right of ${first}`,
          `${first} and ${other}`,
        ]
      : [`${first} above ${other}`, `${first} on top of ${other}`, `${other} below ${first}`]
  return pick(random, sentences)
}

const placeWords = {
  middle: ['in the middle', 'in the center'],
  'top left': ['in the top left corner', 'in the top left'],
  'top right': ['in the top right corner', 'in the top right'],
  'bottom left': ['in the bottom left corner', 'in the bottom left'],
  'bottom right': ['in the bottom right corner', 'in the bottom right'],
  left: [''],
  top: [''],
} as const

/** "an owl" and "big" make "a big owl", "grapes" make "big grapes". */
function withSize(phrase: string, size: string): string {
  if (size === '') return phrase
  const bare = phrase.replace(/^an? /, '')
  return bare === phrase ? `${size} ${bare}` : `a ${size} ${bare}`
}
