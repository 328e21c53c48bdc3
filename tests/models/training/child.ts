import { readFileSync } from 'node:fs'
import { shipped } from '../../../main/paths.ts'
import { parseRecipe } from '../../../models/training/read-recipe.ts'
import { trainRecipe } from '../../../models/training/stages.ts'

/** A run in a process of its own, to be killed: begins or goes on with the run in FOLDER. What goes wrong is printed. */
const [recipe = '', folder = ''] = process.argv.slice(2)
try {
  const read = parseRecipe(JSON.parse(readFileSync(recipe, 'utf8')), recipe)
  await trainRecipe(read, { folder, resume: 'auto', merges: shipped.merges })
} catch (error) {
  const { name, message } = error as Error
  console.log(JSON.stringify({ name, message }))
  process.exitCode = 1
}
