import { mkdtempSync, readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { extractFile, listPackage } from '@electron/asar'
import type { Bridge } from '../../preload/contract/bridge.ts'
import type { BackMessage } from '../../preload/contract/wire.ts'
import { Double } from '../main/electron/double.ts'

/**
 * `node paint.ts RESOURCES`: runs a packed studio, its own main, preload script and engine, under its own node and with
 * a double of Electron, and paints a picture. Prints what it found as JSON.
 */
const resources = resolve(process.argv[2] ?? '')
const archive = join(resources, 'app.asar')
const studio = join(resources, 'app.asar.unpacked', 'studio')
const data = mkdtempSync(join(tmpdir(), 'cicerone-packed-'))
process.argv = [process.execPath, `--data-dir=${data}`]

const double = new Double(resources)
const names = Object.keys(double.electron).join(', ')
Object.assign(globalThis, { electronDouble: double.electron })
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' ? { url: 'double:electron', shortCircuit: true } : next(specifier, context),
  load: (url, context, next) =>
    url === 'double:electron'
      ? { format: 'module', shortCircuit: true, source: `export const { ${names} } = globalThis.electronDouble` }
      : next(url, context),
})

let bridge: Bridge | undefined
let painted: ((id: number) => void) | undefined
const picture = new Promise<number>(resolve => {
  painted = resolve
})
const ready = new Promise<void>(resolve => {
  double.preload = async () => {
    const code = extractFile(archive, join('preload', 'bridge.cjs')).toString()
    const offer = (_: string, offered: unknown) => {
      bridge = offered as Bridge
    }
    new Function('require', code)(() => double.renderer(offer))
    bridge?.onEvent(message => {
      if (!('event' in message)) return
      if (message.event === 'system.notice') console.error(message.payload)
      if (message.event !== 'gallery.changed') return
      const [added] = (message.payload as { added: { id: number }[] }).added
      if (added) painted?.(added.id)
    })
    resolve()
  }
})

await import(pathToFileURL(join(studio, 'main/hosts/electron/main.electron.js')).href)
const began = Date.now()
const failed = setInterval(() => {
  const [said] = double.called('showErrorBox')
  if (said) throw new Error(said.join(' '))
  if (Date.now() - began > 60_000) throw new Error('No picture came.')
}, 100)
await ready
const request = { prompt: 'a strawberry', steps: 2, width: 64, height: 64, method: 'none' }
const back: BackMessage | undefined = await bridge?.call({ id: 1, method: 'queue.enqueue', input: request })
if (!back || 'error' in back) throw new Error(JSON.stringify(back))
const id = await picture
const bytes = Buffer.from(await (await double.fetch(new Request(`cicerone://studio/pictures/${id}`))).arrayBuffer())

/** Libraries and programs that this process and the engine have mapped, where the system tells. */
function mapped(): string[] {
  if (process.platform !== 'linux') return []
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ')
  const maps = ['self', ...children].flatMap(pid => readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n'))
  const files = maps.flatMap(line => /\s(\/.*[.](?:node|so)[^/]*|\/.*\/node)$/.exec(line)?.[1] ?? [])
  return [...new Set(files)].filter(file => !/^\/(usr|lib)/.test(file))
}
const natives = mapped()

const ended = new Promise(resolve => double.app.once('quit', resolve))
;(double.electron.app as { quit(): void }).quit()
await ended
clearInterval(failed)
console.log(
  JSON.stringify({
    data,
    png: bytes.subarray(1, 4).toString(),
    window: listPackage(archive, { isPack: false }).some(file => /^[\\/]window[\\/]index\.html$/.test(file)),
    natives,
  }),
)
