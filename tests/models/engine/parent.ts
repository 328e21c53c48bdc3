/** Starts an engine and lets it paint without end; prints the pid of its process when that is at work. */
import { createEngine } from '../../../models/engine/client.ts'
import { request } from './support.ts'

const engine = createEngine()
let told = false
await engine.generate(request({ steps: 1000, count: 1000 }), {
  onProgress({ phase }) {
    if (phase === 'denoise' && !told) console.log(engine.pid)
    told ||= phase === 'denoise'
  },
  onPicture: () => undefined,
})
