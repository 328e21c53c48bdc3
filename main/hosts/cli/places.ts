import { existsSync } from 'node:fs'
import { join, parse, resolve } from 'node:path'

/** The file of each of `count` pictures: the path itself for one, `name-1.png`, `name-2.png`... for more. */
export function numbered(path: string, count: number): (index: number) => string {
  if (count === 1) return () => resolve(path)
  const { dir, name, ext } = parse(resolve(path))
  return index => join(dir, `${name}-${index + 1}${ext}`)
}

/** New files in the folder of the day: `DATA/pictures/2026-01-31/142501.png`. No file is used twice. */
export function datedPlaces(data: string): () => string {
  return () => {
    const now = new Date()
    const two = (value: number) => String(value).padStart(2, '0')
    const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
    const time = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`
    for (let again = 1; ; again++) {
      const path = resolve(data, 'pictures', day, `${time}${again === 1 ? '' : `-${again}`}.png`)
      if (!existsSync(path)) return path
    }
  }
}
