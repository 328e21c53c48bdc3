import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { connect, cookieFor } from './support/api.ts'
import { temporaryData } from './support/studio.ts'

const entry = join(import.meta.dirname, '../../main/hosts/start.ts')

/** Starts the studio as `npm start` does, until it has printed its link. */
async function npmStart(env: NodeJS.ProcessEnv) {
  const data = await temporaryData()
  const child = spawn(process.execPath, [entry, '--data-dir', data], {
    env: { ...process.env, DISPLAY: '', WAYLAND_DISPLAY: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', part => (errors += part))
  const ended = once(child, 'close')
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    ended.then(() => Promise.reject(new Error(errors))),
  ])
  return {
    line: String(line),
    errors: () => errors,
    async stop() {
      child.kill('SIGINT')
      const [code] = await ended
      return code
    },
  }
}

describe('npm start', () => {
  it('says in one line why there is no desktop window, and prints a link that opens the studio', async () => {
    const { line, errors, stop } = await npmStart({ ELECTRON_OVERRIDE_DIST_PATH: '/nowhere' })
    const reason =
      process.platform === 'linux'
        ? 'There is no display'
        : 'There is no Electron here (npx install-electron fetches it)'
    expect(errors().split('\n')[0]).toBe(`${reason}: the studio opens in your browser.`)
    const [, link = ''] = /^Open (http:\/\/127\.0\.0\.1:\d+\/open#[\w-]{43}) \(this link works once\)$/.exec(line) ?? []
    const { api } = await connect(link, await cookieFor(link))
    expect((await api.system.info({})).sameDisk).toBe(true)
    expect(await stop()).toBe(0)
  })

  it.runIf(process.platform === 'linux')('opens the browser of a desktop with that link, once', async () => {
    const folder = await temporaryData()
    const opened = join(folder, 'opened')
    await writeFile(join(folder, 'xdg-open'), `#!/bin/sh\necho "$1" >> "${opened}"\n`)
    await chmod(join(folder, 'xdg-open'), 0o755)
    const { line, stop } = await npmStart({
      ...{ DISPLAY: ':9', ELECTRON_OVERRIDE_DIST_PATH: '/nowhere' },
      PATH: `${folder}${delimiter}${process.env.PATH}`,
    })
    const text = () => readFile(opened, 'utf8').catch(() => '')
    // The shell makes the file before it writes.
    await expect.poll(text).not.toBe('')
    const link = (await text()).trim()
    expect(line).toContain(link)
    await cookieFor(link)
    expect(await stop()).toBe(0)
    expect((await readFile(opened, 'utf8')).trim()).toBe(link)
  })

  it.runIf(process.platform === 'linux')('opens the desktop window where there is Electron and a display', async () => {
    const folder = await temporaryData()
    const electron = join(folder, 'electron')
    await writeFile(electron, '#!/bin/sh\necho "$@"\nexit 3\n')
    await chmod(electron, 0o755)
    const env = { ...process.env, DISPLAY: ':9', ELECTRON_OVERRIDE_DIST_PATH: folder }
    const child = spawn(process.execPath, [entry, '--data-dir', folder], { env, stdio: ['ignore', 'pipe', 'ignore'] })
    let printed = ''
    child.stdout.on('data', part => (printed += part))
    expect((await once(child, 'close'))[0]).toBe(3)
    const program = join(import.meta.dirname, '../../dist/desktop')
    expect(printed).toBe(`${program} --data-dir=${folder}\n`)
    expect(JSON.parse(await readFile(join(program, 'package.json'), 'utf8')).main).toBe('entry.js')
  })
})
