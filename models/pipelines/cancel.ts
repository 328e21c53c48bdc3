/** What long work asks whether it is still wanted: an `AbortSignal`, or a flag that another thread raises. */
export type CancelSignal = Pick<AbortSignal, 'throwIfAborted'>

/** Lets waiting events in (a cancel among them), then throws if the work was cancelled. */
export async function pause(signal: CancelSignal | undefined): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
  signal?.throwIfAborted()
}
