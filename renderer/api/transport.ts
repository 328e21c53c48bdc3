/** `refused`: the studio is there, and does not know this window. */
export type ConnectionState = 'open' | 'lost' | 'refused'

/** How calls reach the studio: a WebSocket in a browser, the preload's bridge in Electron. Nothing is checked here. */
export interface Transport {
  call(method: string, input: unknown): Promise<unknown>
  onEvent(listener: (name: string, payload: unknown) => void): void
  /** Called whenever the studio has become reachable or no longer is. */
  onConnection(listener: (state: ConnectionState) => void): void
}
