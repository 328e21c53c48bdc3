import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
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
  it('says in one line that there is no desktop window, and prints a link that opens the studio', async () => {
    const { line, errors, stop } = await npmStart({})
    expect(errors().split('\n')[0]).toBe('This version has no desktop window yet: the studio opens in your browser.')
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
    const { line, stop } = await npmStart({ DISPLAY: ':9', PATH: `${folder}${delimiter}${process.env.PATH}` })
    await expect.poll(() => existsSync(opened)).toBe(true)
    const link = (await readFile(opened, 'utf8')).trim()
    expect(line).toContain(link)
    await cookieFor(link)
    expect(await stop()).toBe(0)
    expect((await readFile(opened, 'utf8')).trim()).toBe(link)
  })
})
