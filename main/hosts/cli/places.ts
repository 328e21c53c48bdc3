import { join, parse, resolve } from 'node:path'

/** The file of each of `count` pictures: the path itself for one, `name-1.png`, `name-2.png`... for more. */
export function numbered(path: string, count: number): (index: number) => string {
  if (count === 1) return () => resolve(path)
  const { dir, name, ext } = parse(resolve(path))
  return index => join(dir, `${name}-${index + 1}${ext}`)
}
