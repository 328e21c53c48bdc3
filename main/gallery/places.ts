import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

/** Where the gallery keeps its things below the data folder. */
export const galleryPlaces = (data: string) =>
  ({
    pictures: join(data, 'pictures'),
    thumbnails: join(data, 'cache', 'thumbnails'),
    trash: join(data, 'trash'),
  }) as const

const two = (value: number): string => String(value).padStart(2, '0')

/** The folder of a day in the person's own time, below the data folder: `pictures/2026-01-31`. */
export const dayFolder = (moment: Date): string =>
  `pictures/${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`

/**
 * The file of a new picture, below the data folder: `pictures/2026-01-31/142501-1c9f2ab0.png`. The last part is drawn
 * at random, so that no two processes choose the same.
 */
export function newPictureFile(moment = new Date()): string {
  const time = [moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(two).join('')
  return `${dayFolder(moment)}/${time}-${randomBytes(4).toString('hex')}.png`
}
