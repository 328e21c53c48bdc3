import type { Art } from '../../../../resources/recipes/scenes/art.ts'

/** Things that are told by their colour alone, so that a test can look for them. None is lost before any background. */
export const colours = {
  'a cyan tile': [0, 220, 240],
  'an olive tile': [110, 120, 10],
  'a rose tile': [250, 20, 110],
  lavender: [190, 150, 250],
  'a navy tile': [10, 20, 110],
  'a lime tile': [170, 250, 30],
} as const

export type Tile = keyof typeof colours

const square = (colour: readonly number[]): string => `<rect width="32" height="32" fill="rgb(${colour.join(',')})"/>`

export const art: readonly Art[] = ['plain', 'other'].map(style => ({
  style,
  drawings: new Map(
    Object.entries(colours).map(([thing, colour]) => [thing, { body: square(colour), box: [0, 0, 32, 32] as const }]),
  ),
}))
