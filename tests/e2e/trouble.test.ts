import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { cicerone } from '../main/cli/cicerone.ts'
import type { Connection } from './support/api.ts'
import { inElectron } from './support/desktop.ts'
import { enginePid, isAlive, kill9 } from './support/processes.ts'
import { type Studio, startStudio, temporaryData } from './support/studio.ts'
import { openWindow } from './support/window.ts'

/** Steps that take some seconds with the demo model. */
const long = { prompt: 'a red ball', seed: 100, steps: 150, width: 128, height: 128 }
const short = { ...long, steps: 2 }

/** Waits until a job is painted so far that it is certainly in the middle. */
const midJob = ({ next }: Connection, id: number) => next('queue.progress', at => at.id === id && at.step > 2)

/** Waits until nothing is queued or running. */
async function idle({ api }: Connection): Promise<void> {
  while ((await api.queue.state({})).jobs.some(({ state }) => state === 'queued' || state === 'running')) await wait(50)
}

const seeds = async ({ api }: Connection): Promise<number[]> =>
  (await api.gallery.page({})).items.map(({ seed }) => seed).sort((a, b) => a - b)

async function killEngine(studio: Studio): Promise<void> {
  // One that was killed before is started again after a moment.
  const pid = await vi.waitUntil(() => enginePid(studio.pid), { timeout: 20_000, interval: 10 })
  kill9(pid)
  while (isAlive(pid)) await wait(10)
}

it('a job goes on while its window is reloaded, and is shown again', async () => {
  const studio = await startStudio()
  const { page, complaints } = await openWindow(studio)
  const connection = await studio.connect()
  const { id } = await connection.api.queue.enqueue(long)
  await midJob(connection, id)
  const bar = page.getByRole('progressbar', { name: 'Painting' })
  await bar.waitFor()
  await page.reload()
  await bar.waitFor()
  const share = async () => Number(await bar.getAttribute('aria-valuenow'))
  const before = await share()
  await expect.poll(share, { timeout: 10_000 }).toBeGreaterThan(before)
  await idle(connection)
  expect(await seeds(connection)).toEqual([100])
  await expect.poll(() => bar.count()).toBe(0)
  expect(complaints).toEqual([])
  expect(await studio.stop()).toBe(0)
})

it('a studio that is killed while it paints goes on where it was, and no picture is lost or painted twice', async () => {
  const first = await startStudio()
  const connection = await first.connect()
  const third = connection.next('queue.changed', ({ jobs: [job] }) => job?.kind === 'paint' && job.done === 2)
  await connection.api.queue.enqueue({ ...short, steps: 10, count: 5 })
  await connection.api.queue.enqueue({ ...short, seed: 200 })
  await third
  await first.kill()
  const second = await startStudio({ data: first.data })
  const again = await second.connect()
  await idle(again)
  expect(await seeds(again)).toEqual([100, 101, 102, 103, 104, 200])
  expect(await second.stop()).toBe(0)
})

it('a studio that is closed while it paints ends at once and goes on the next time', async () => {
  const first = await startStudio()
  const connection = await first.connect()
  const { id } = await connection.api.queue.enqueue(long)
  await midJob(connection, id)
  const engine = enginePid(first.pid) ?? 0
  const start = performance.now()
  expect(await first.stop()).toBe(0)
  expect(performance.now() - start).toBeLessThan(5000)
  expect(isAlive(engine)).toBe(false)
  const second = await startStudio({ data: first.data })
  const again = await second.connect()
  expect((await again.api.queue.state({})).jobs).toMatchObject([{ id, done: 0 }])
  await idle(again)
  expect(await seeds(again)).toEqual([100])
  await second.stop()
})

it('an engine that is killed in mid-job is told of, and the job is painted', async () => {
  const studio = await startStudio()
  const connection = await studio.connect()
  const told = connection.next('system.notice')
  const { id } = await connection.api.queue.enqueue(long)
  await connection.api.queue.enqueue({ ...short, seed: 200 })
  await midJob(connection, id)
  await killEngine(studio)
  expect((await told).message).toMatch(/^The engine stopped while it painted/)
  await idle(connection)
  expect(await seeds(connection)).toEqual([100, 200])
  expect((await connection.api.queue.state({})).jobs).toEqual([])
  await studio.stop()
})

it('an engine that is killed twice on one job fails it with a reason; the queue waits and goes on when told', async () => {
  const studio = await startStudio()
  const { page, complaints } = await openWindow(studio)
  const connection = await studio.connect()
  const { id } = await connection.api.queue.enqueue(long)
  await connection.api.queue.enqueue({ ...short, seed: 200 })
  for (let again = 0; again < 2; again++) {
    await midJob(connection, id)
    await killEngine(studio)
  }
  await expect.poll(async () => (await connection.api.queue.state({})).waiting, { timeout: 10_000 }).not.toBe(null)
  const { jobs, waiting } = await connection.api.queue.state({})
  expect(jobs).toMatchObject([
    { state: 'queued', request: { seed: 200 } },
    { id, state: 'failed', error: { message: 'The engine stopped twice while it painted this.' } },
  ])
  await page
    .getByText(waiting ?? '')
    .first()
    .waitFor()
  await connection.api.queue.resume({})
  await idle(connection)
  expect(await seeds(connection)).toEqual([200])
  await connection.api.queue.retry({ id })
  await idle(connection)
  expect(await seeds(connection)).toEqual([100, 200])
  expect(complaints).toEqual([])
  await studio.stop()
})

it('an engine does not outlive a studio that is killed', async () => {
  const studio = await startStudio()
  const connection = await studio.connect()
  const { id } = await connection.api.queue.enqueue(long)
  await midJob(connection, id)
  const engine = enginePid(studio.pid) ?? 0
  kill9(studio.pid)
  await expect.poll(() => isAlive(engine), { timeout: 10_000 }).toBe(false)
})

// The desktop has no address to tell.
it.skipIf(inElectron)('a second studio on the same data says where the first one is, and leaves it alone', async () => {
  const studio = await startStudio()
  const connection = await studio.connect()
  const { code, stdout, stderr } = await cicerone('serve', '--json', '--data-dir', studio.data)
  expect(code).toBe(1)
  const { error, hint } = JSON.parse(stdout)
  expect(error).toBe('Another Cicerone Studio uses this data folder.')
  expect(hint).toContain(String(studio.pid))
  expect(hint).toMatch(/http:\/\/127\.0\.0\.1:\d+/)
  expect(stderr).toContain(error)
  expect((await connection.api.system.info({})).dataFolder).toBe(studio.data)
  await studio.stop()
})

it.each(['a file', 'no such disk'])('a data folder that is %s is refused in one sentence', async kind => {
  const data = await temporaryData()
  writeFileSync(join(data, 'file'), '')
  const place =
    kind === 'a file' ? join(data, 'file') : process.platform === 'linux' ? '/sys/none' : join(data, 'file/x')
  const { code, stdout } = await cicerone('serve', '--json', '--data-dir', place)
  expect(code).toBe(1)
  expect(JSON.parse(stdout).error).toMatch(/^[A-Z].*\.$/)
  expect(JSON.parse(stdout).error).not.toContain('The studio failed')
  expect(readdirSync(data)).toEqual(['file'])
})

it.each(['x', '-1', '70000', '1.5', ''])('the port %j is refused as wrong usage', async port => {
  const { code, stdout } = await cicerone('serve', '--json', '--data-dir', await temporaryData(), `--port=${port}`)
  expect([code, JSON.parse(stdout).error]).toEqual([2, '--port: must be a number from 0 to 65535.'])
})

// The desktop has had its window from the start.
it.skipIf(inElectron)('a window that comes late is told that the database was damaged, once', async () => {
  const data = await temporaryData()
  writeFileSync(join(data, 'studio.sqlite'), 'x'.repeat(5000))
  const studio = await startStudio({ data })
  await wait(1000)
  const { page, complaints } = await openWindow(studio)
  await page.getByText('The database was damaged; the gallery is being rebuilt').waitFor()
  await page.getByText('The gallery was rebuilt: 0 pictures.').waitFor()
  await page.reload()
  await page.getByRole('button', { name: 'Gallery', exact: true }).waitFor()
  await wait(500)
  expect(await page.getByText('The database was damaged').count()).toBe(0)
  expect(complaints).toEqual([])
  await studio.stop()
})
