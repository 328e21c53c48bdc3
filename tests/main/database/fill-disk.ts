import { openDatabase } from '../../../main/database/database.ts'
import { UserError } from '../../../models/errors.ts'

/**
 * Rows pictures in the database of the first argument until that fails, and prints how many there were and why. Started by a
 * test where files cannot grow beyond some size.
 */

// Else the system would end the process instead of letting the write fail
process.on('SIGXFSZ', () => undefined)
const database = await openDatabase(process.argv[2] ?? '')
let count = 0
try {
  for (; count < 50_000; count += 100)
    await database.pictures.add(
      Array.from({ length: 100 }, (_, i) => ({
        ...{ file: String(count + i), size: 1, width: 1, height: 1, created: count + i },
      })),
    )
} catch (error) {
  if (!(error instanceof UserError)) throw error
  console.log(JSON.stringify({ count, message: error.message, hint: error.hint }))
}
// No closing: it would want to write, too
process.exit()
