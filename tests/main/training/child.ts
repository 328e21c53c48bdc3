import { openApp } from '../../../main/app.ts'
import { inProcessEngine } from '../../../models/engine/in-process.ts'

/** A studio to be killed: DATA. It says something as soon as a guide that it trains has taken a step. */
const [data = ''] = process.argv.slice(2)
const app = await openApp({ data, engine: inProcessEngine() })
app.events.listen((name, payload) => {
  if (name === 'training.progress' && (payload as { loss: number | null }).loss !== null) console.log(name)
})
