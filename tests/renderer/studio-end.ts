import type { PictureItem, PictureRecord } from '../../preload/contract/gallery.ts'
import type { EventName } from '../../preload/contract/index.ts'
import type { GuideCard, ModelCard } from '../../preload/contract/models.ts'
import type { Job, PaintJob, QueueState } from '../../preload/contract/queue.ts'
import type { Payload } from '../../preload/contract/wire.ts'
import type { ConnectionState, Transport } from '../../renderer/api/transport.ts'

type Answer = (input: never) => unknown

/** The other end of a window's calls, in memory: what is not told how to answer rejects. */
export class StudioEnd implements Transport {
  readonly calls: { method: string; input: unknown }[] = []
  #event: (name: string, payload: unknown) => void = () => {}
  #connection: (state: ConnectionState) => void = () => {}
  readonly #answers: Record<string, Answer>

  constructor(answers: Record<string, Answer> = {}) {
    this.#answers = {
      'system.info': () => info,
      'system.recall': () => null,
      'system.keep': () => ({}),
      'models.list': () => [demo],
      'models.guides': () => [],
      'queue.state': () => ({ paused: false, waiting: null, jobs: [] }),
      'gallery.page': () => ({ items: [], total: 0 }),
      'training.runs': () => [],
      ...answers,
    }
  }

  async call(method: string, input: unknown): Promise<unknown> {
    this.calls.push({ method, input })
    const answer = this.#answers[method]
    if (answer === undefined) throw new Error(`${method} was not expected`)
    return answer(input as never)
  }

  onEvent(listener: (name: string, payload: unknown) => void): void {
    this.#event = listener
  }

  onConnection(listener: (state: ConnectionState) => void): void {
    this.#connection = listener
  }

  connection(state: ConnectionState): void {
    this.#connection(state)
  }

  tell<N extends EventName>(name: N, payload: Payload<N>): void {
    this.#event(name, payload)
  }

  /** The inputs of every call of a method so far. */
  inputsOf(method: string): unknown[] {
    return this.calls.filter(call => call.method === method).map(({ input }) => input)
  }
}

const info = {
  version: '0.1.0',
  device: 'CPU',
  memoryUsed: 1,
  memoryBudget: 2,
  engine: 'ready',
  dataFolder: '/data',
  sameDisk: true,
}

export const demo: ModelCard = {
  id: 'demo',
  kind: 'base',
  name: 'demo',
  architecture: 'sd1',
  path: '/studio/demo',
  size: 22e6,
  dtype: 'f16',
  parameters: 10e6,
  hash: null,
  place: 'shipped',
  folder: null,
  usable: true,
  problem: null,
  nativeSize: 128,
  hasPreview: false,
  chosenArchitecture: null,
  chosenPrediction: null,
}

export const own: ModelCard = {
  ...demo,
  id: 'own',
  name: 'mine',
  path: '/models/mine.safetensors',
  hash: '0123456789',
  place: 'in place',
  nativeSize: 512,
}

export const vae: ModelCard = {
  ...own,
  id: 'soft',
  kind: 'vae',
  name: 'Soft',
  path: '/models/soft.safetensors',
  hash: '9876543210',
  nativeSize: null,
}

/** A guide of the library, and how it is held against a base that it fits. */
export const guideModel: ModelCard = {
  ...demo,
  id: 'demo-guide',
  kind: 'guide',
  name: 'Demo guide',
  path: '/studio/demo-guide.safetensors',
}
export const guide: GuideCard = {
  id: 'demo-guide',
  name: 'Demo guide',
  kind: 'tap1',
  fits: true,
  difference: null,
  parametersRatio: 0.01,
  arithmeticRatio: 0.02,
  guidance: [1, 9],
  scores: {},
}
/** The same against one that it does not fit. */
export const misfit: GuideCard = {
  ...guide,
  fits: false,
  difference: 'The guide does not fit this base: its family differs.',
}

export const record: PictureRecord = {
  prompt: 'an owl',
  negative: 'a fox',
  method: 'none',
  guidance: 3,
  steps: 7,
  sampler: 'euler-a',
  schedule: 'karras',
  seed: 42,
  width: 64,
  height: 96,
  base: { name: 'renamed since', hash: '0123456789' },
  clipSkip: 2,
  predictionType: 'v_prediction',
  version: '0.1.0',
}

export const picture = (id: number, seed = id): PictureItem => ({
  id,
  size: 1000,
  width: 64,
  height: 64,
  seed,
  starred: false,
  colour: null,
  created: 1000 + id,
})

export const jobOf = (id: number, state: Job['state'], request: Partial<PaintJob['request']> = {}): PaintJob => ({
  kind: 'paint',
  id,
  state,
  request: {
    prompt: 'an owl',
    negative: '',
    method: 'cfg',
    guidance: 5,
    steps: 20,
    schedule: 'auto',
    seed: 9,
    count: 1,
    width: 64,
    height: 64,
    clipSkip: 1,
    strength: 0.6,
    ...request,
  },
  done: 0,
  error: null,
  created: 1,
})

export const queueOf = (...jobs: Job[]): QueueState => ({ paused: false, waiting: null, jobs })

/** Lets everything that is under way come to its end. */
export const settled = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 0))
