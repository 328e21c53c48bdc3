import { join, relative, sep } from 'node:path'
import type { PictureItem } from '../../preload/contract/gallery.ts'
import type { Database } from '../database/database.ts'
import type { NewPicture } from '../database/queries/rows.ts'
import { galleryPlaces } from './places.ts'
import { recordOf } from './record.ts'
import { walk } from './walk.ts'
import { isLeftover } from './write.ts'

/** Pictures that are rowed at once. */
const batch = 200

/** What lies in the folder of pictures without a row. */
export interface Unrowed {
  /** PNG files. */
  readonly pictures: string[]
  /** Files whose writing was cut short. */
  readonly leftovers: string[]
  readonly others: string[]
}

/** Looks through the folder of pictures, one folder at a time. Names are below the data folder. `busy`: files that are about to be rowed. */
export async function* unrowed(data: string, database: Database, busy: ReadonlySet<string>): AsyncGenerator<Unrowed> {
  try {
    for await (const { folder, names } of walk(galleryPlaces(data).pictures)) {
      const below = relative(data, folder).split(sep).join('/')
      const files = names.map(name => `${below}/${name}`)
      // What was busy before the row was looked for may be rowed by now, and the other way round
      const free = files.filter(file => !busy.has(file))
      const known = new Set(await database.pictures.known(free))
      const unknown = free.filter(file => !known.has(file))
      const leftovers = unknown.filter(file => isLeftover(file.slice(below.length + 1)))
      const pictures = unknown.filter(file => file.toLowerCase().endsWith('.png'))
      const others = unknown.filter(file => !leftovers.includes(file) && !pictures.includes(file))
      yield { pictures, leftovers, others }
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}

/** What picture files carry themselves, a few at a time. Those that cannot be read are left out. */
export async function* readable(data: string, files: readonly string[]): AsyncGenerator<NewPicture[]> {
  for (let i = 0; i < files.length; i += batch) {
    const records = files.slice(i, i + batch).map(file =>
      recordOf(join(data, file)).then(
        record => ({ ...record, file }),
        () => undefined,
      ),
    )
    const found = (await Promise.all(records)).filter(record => record !== undefined)
    if (found.length > 0) yield found
  }
}

/** Rows picture files from what they carry themselves. */
export async function* adopt(
  data: string,
  database: Database,
  files: readonly string[],
): AsyncGenerator<PictureItem[]> {
  for await (const records of readable(data, files)) yield await database.pictures.add(records)
}
