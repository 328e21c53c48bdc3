import { openApp } from '../../../main/app.ts'
import { inProcessEngine } from '../../../models/engine/in-process.ts'
import { generateRequest } from '../../../preload/contract/generation.ts'

/** A studio to be killed: DATA COUNT. It asks for COUNT pictures and says something as soon as it paints. */
const [data = '', count = '0'] = process.argv.slice(2)
const app = await openApp({ data, engine: inProcessEngine() })
app.events.listen(name => {
  if (name === 'queue.progress') console.log(name)
})
const small = { prompt: 'a strawberry', steps: 2, width: 64, height: 64, method: 'none' }
if (count !== '0')
  await app.services.queue.enqueue(generateRequest.parse({ ...small, seed: 100, count: Number(count) }))
if ((await app.services.queue.state({})).jobs.length === 0) console.log('nothing to do')
setInterval(() => undefined, 1000)
