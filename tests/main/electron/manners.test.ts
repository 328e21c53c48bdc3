import type { EventEmitter } from 'node:events'
import type { BrowserWindow } from 'electron'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Manners } from '../../../main/hosts/electron/manners.electron.ts'
import { generateRequest } from '../../../preload/contract/generation.ts'
import type { PaintJob } from '../../../preload/contract/queue.ts'
import { Double } from './double.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function open() {
  const double = new Double('/nowhere')
  const window = new double.electron.BrowserWindow() as BrowserWindow
  const manners = new Manners(double.electron, window)
  const state = (jobs: readonly PaintJob[], more: object = {}) =>
    manners.hear('queue.changed', { paused: false, waiting: null, jobs, ...more })
  return { double, manners, state }
}

const job = (id: number, state: PaintJob['state'], done = 0, count = 2): PaintJob => ({
  ...{ kind: 'paint', id, state, done, created: 0 },
  request: generateRequest.parse({ prompt: '', count }),
  error: state === 'failed' ? { message: 'The disk is full.', hint: '' } : null,
})
const progress = { id: 1, phase: 'denoise', stepsPerSecond: null, secondsLeft: null, preview: null }

describe('while it paints', () => {
  it('shows how far it is, and keeps the computer awake until the queue stands still', () => {
    const { double, manners, state } = open()
    state([job(1, 'queued'), job(2, 'queued')])
    state([job(1, 'running'), job(2, 'queued')])
    manners.hear('queue.progress', { ...progress, picture: 1, step: 5, steps: 10 })
    expect(double.called('setProgressBar')).toEqual([[0.75]])
    state([job(2, 'queued')])
    state([job(2, 'running')])
    expect(double.called('powerSaveBlocker.start')).toHaveLength(1)
    expect(double.called('powerSaveBlocker.stop')).toEqual([])
    state([])
    expect(double.called('powerSaveBlocker.stop')).toEqual([[1]])
    expect(double.called('setProgressBar').at(-1)).toEqual([-1])
  })

  it('lets the computer sleep when the queue is paused or waits for the person', () => {
    for (const more of [{ paused: true }, { waiting: 'The disk is full.' }]) {
      const { double, state } = open()
      state([job(1, 'running')])
      state([job(1, 'queued')], more)
      expect(double.called('powerSaveBlocker.stop')).toHaveLength(1)
    }
  })
})

describe('at the end', () => {
  const titles = (double: Double) => double.called('Notification').map(([options]) => options)

  it('of a long stretch in the background says how many pictures there are', () => {
    const { double, state } = open()
    state([job(1, 'running', 1)])
    vi.advanceTimersByTime(15_000)
    state([job(1, 'running', 2), job(2, 'queued')])
    state([job(2, 'running', 0)])
    vi.advanceTimersByTime(15_000)
    state([job(2, 'running', 2)])
    state([])
    expect(titles(double)).toEqual([{ title: '3 pictures are done', body: '' }])
    const [[, notification]] = double.called('Notification') as [[unknown, EventEmitter]]
    notification.emit('click')
    expect(double.window.focused).toBe(true)
  })

  it('says what failed', () => {
    const { double, state } = open()
    state([job(1, 'running')])
    vi.advanceTimersByTime(30_000)
    state([job(1, 'failed'), job(9, 'failed')])
    expect(titles(double)).toEqual([{ title: 'Not everything could be painted', body: 'The disk is full.' }])
  })

  it('of a short stretch, in front of the person, or of what was cancelled, is silent', () => {
    const { double, state } = open()
    state([job(1, 'running')])
    state([job(1, 'running', 2)])
    state([])
    state([job(2, 'running')])
    vi.advanceTimersByTime(30_000)
    state([])
    double.window.focused = true
    state([job(3, 'running', 0, 1)])
    vi.advanceTimersByTime(30_000)
    state([job(3, 'running', 1, 1)])
    state([])
    expect(titles(double)).toEqual([])
  })
})
