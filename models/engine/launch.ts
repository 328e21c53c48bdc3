import { fileURLToPath } from 'node:url'
import { type Child, startNode } from './child.ts'
import type { FromEngine, ToEngine } from './protocol.ts'

/** An engine's process as the client sees it. */
export type EngineProcess = Pick<Child<ToEngine, FromEngine>, 'pid' | 'send' | 'onMessage' | 'kill' | 'ended'>

/** Starts an engine's process. */
export type Launcher = (options: { readonly memoryBudgetMiB: number }) => EngineProcess

/** Starts the engine under the Node of a path; Electron's own process is none. */
export const launchUnder =
  (execPath: string): Launcher =>
  ({ memoryBudgetMiB }) =>
    startNode(fileURLToPath(new URL('./process.ts', import.meta.url)), [String(memoryBudgetMiB)], execPath)

/** Starts the engine under this Node. */
export const launchNode: Launcher = launchUnder(process.execPath)
