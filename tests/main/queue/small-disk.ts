import { execFileSync } from 'node:child_process'
import { createReadStream, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openApp } from '../../../main/app.ts'
import { inProcessEngine } from '../../../models/engine/in-process.ts'
import { generateRequest } from '../../../preload/contract/generation.ts'

/** A studio on a disk that fills up: DATA lies on a file system of a few MiB, MODEL is larger. What happens is printed as JSON. */
const [data = '', model = ''] = process.argv.slice(2)
const app = await openApp({ data, engine: inProcessEngine() })
const small = { prompt: 'a strawberry', steps: 1, width: 128, height: 128, method: 'none' } as const
const request = generateRequest.parse({ ...small, seed: 1 })

async function settled() {
  for (;;) {
    const state = await app.services.queue.state({})
    if (state.waiting !== null || state.jobs.every(({ state }) => state === 'failed')) return state
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
const pictures = async () => (await app.services.gallery.page({ query: '', after: null, limit: 10 })).items.length

const ballast = join(data, 'ballast')
/** Leaves this many bytes free. */
function fill(left: number) {
  const { bavail, bsize } = statfsSync(data)
  writeFileSync(ballast, new Uint8Array(bavail * bsize - left))
}

await app.services.queue.enqueue(request)
await settled()
const before = await pictures()

// Room for what the database writes, not for a picture.
await app.services.queue.pause({})
await app.services.queue.enqueue({ ...request, seed: 2 })
await app.services.queue.enqueue({ ...request, seed: 3 })
fill(24 * 1024)
await app.services.queue.resume({})
const full = await settled()
const whileFull = await pictures()
rmSync(ballast)
await app.services.queue.resume({})
const failed = full.jobs.find(({ state }) => state === 'failed')
if (failed) await app.services.queue.retry({ id: failed.id })
await settled()
const after = await pictures()

// Room for nothing at all.
await app.services.queue.pause({})
await app.services.queue.enqueue({ ...request, seed: 4 })
fill(0)
await app.services.queue.resume({})
const fuller = await settled()
rmSync(ballast)
await app.services.queue.resume({})
await settled()
const last = await pictures()

// A model that is larger than the disk.
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    ({ message, hint }) => ({ message, hint }),
  )
const copied = await refusal(app.services.models.import({ source: { path: model }, way: 'copy' }))
const uploaded = await refusal(app.library.uploads.receive('a.safetensors', createReadStream(model)))
const linked = await app.services.models.import({ source: { path: model }, way: 'link' })
await app.services.models.remove({ id: linked.model.id })
await app.close()
const left = readdirSync(join(data, 'models'), { recursive: true }).concat(readdirSync(join(data, 'cache', 'uploads')))

execFileSync('mount', ['-o', 'remount,ro', data])
const readOnly = await refusal(openApp({ data, engine: inProcessEngine() }))
const parts = readdirSync(data, { recursive: true }).filter(name => String(name).endsWith('.part'))
console.log(JSON.stringify({ before, full, whileFull, after, fuller, last, copied, uploaded, left, readOnly, parts }))
process.exit()
