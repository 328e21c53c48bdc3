import { createContext } from 'svelte'
import type { Api } from '../../preload/contract/index.ts'
import { Events } from '../api/events.ts'
import type { Transport } from '../api/transport.ts'
import { createApi } from '../api.ts'
import { Connection } from './connection.svelte.ts'
import { CreateSettings } from './create.svelte.ts'
import { Models } from './models.svelte.ts'
import { Navigation } from './navigation.svelte.ts'
import { Queue } from './queue.svelte.ts'
import { Shortcuts } from './shortcuts.svelte.ts'
import { System } from './system.svelte.ts'
import { Toasts } from './toasts.ts'
import { Training } from './training.svelte.ts'

/** The whole state of the window; one instance, which components take with `getStudio()`. */
export class Studio {
  readonly api: Api
  readonly events = new Events()
  readonly connection: Connection
  readonly toasts = new Toasts()
  readonly navigation = new Navigation()
  readonly shortcuts = new Shortcuts()
  readonly system: System
  readonly models: Models
  readonly queue: Queue
  readonly create: CreateSettings
  readonly training: Training
  readonly #shared = new Map<unknown, unknown>()

  constructor(transport: Transport) {
    this.api = createApi(transport)
    transport.onEvent((name, payload) => this.events.receive(name, payload))
    this.connection = new Connection(transport)
    const { api, events, connection, toasts, navigation } = this
    events.on('system.pressed', ({ keys }) => this.shortcuts.press(keys))
    this.system = new System(api, events, connection, toasts)
    this.models = new Models(api, events, connection, toasts)
    this.queue = new Queue(api, events, connection, toasts)
    this.create = new CreateSettings(api, connection, toasts, this.models)
    this.training = new Training(api, events, connection, toasts, navigation)
  }

  /** The one instance of a view's own state class, made at its first use: it outlives the view. */
  of<T>(State: new (studio: Studio) => T): T {
    let shared = this.#shared.get(State)
    if (shared === undefined) {
      // What is derived stays as it is once the component is gone in which it was made: these are made in none.
      $effect.root(() => {
        shared = new State(this)
      })
      // Without a document there are no effects.
      shared ??= new State(this)
      this.#shared.set(State, shared)
    }
    // Kept under the class that made it.
    return shared as T
  }
}

export const [getStudio, setStudio] = createContext<Studio>()
