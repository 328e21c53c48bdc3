import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { runElectron } from '../../../main/hosts/electron/binary.ts'
import { temporaryFolder } from '../studio.ts'

afterEach(() => vi.unstubAllEnvs())

/** What Electron's end is told as, where a script of the shell stands for it. */
async function run(script: string, signal = new AbortController().signal): Promise<unknown> {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'electron'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  vi.stubEnv('ELECTRON_OVERRIDE_DIST_PATH', folder)
  return runElectron('app', [], signal)
}

describe.runIf(process.platform === 'linux')('Electron of a checkout', () => {
  it('ends with its own code', async () => {
    expect(await run('exit 0')).toBe(0)
    expect(await run('exit 7')).toBe(7)
  })

  it('that is ended from outside has failed, and it is said what to do', async () => {
    await expect(run('kill -TRAP $$')).rejects.toMatchObject({
      message: 'Electron was ended by SIGTRAP.',
      hint: expect.stringContaining('--port 0'),
    })
  })

  it('that was told to end is cancelled', async () => {
    const controller = new AbortController()
    const code = run('exec sleep 60', controller.signal)
    await wait(300)
    controller.abort()
    expect(await code).toBe(130)
  })
})
