import { openDatabase } from '../../../main/database/database.ts'
import { databaseFile } from '../../../main/database/hold.ts'
import { Events } from '../../../main/events.ts'
import { openGallery } from '../../../main/gallery/gallery.ts'
import { painted } from './painted.ts'

/** Adds and removes pictures in the data folder of the first argument until it is killed. Prints a line once it is at it. */

const data = process.argv[2] ?? ''
const database = await openDatabase(databaseFile(data))
const gallery = await openGallery({ data, database, events: new Events(), undoTime: 20 })
console.log('running')
for (let seed = 0; ; seed++) {
  const items = await Promise.all([gallery.add(painted({ seed })), gallery.add(painted({ seed }))])
  const ids = items.map(({ id }) => id)
  if (seed % 3 === 0) await gallery.service.star({ ids, starred: true })
  if (seed % 2 === 0) {
    const { undo } = await gallery.service.remove({ ids: ids.slice(0, 1) })
    if (seed % 8 === 0) await gallery.service.restore({ undo }).catch(() => undefined)
  }
}
