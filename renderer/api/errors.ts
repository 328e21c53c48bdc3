/** What the person should read of a call that failed: one sentence, and what to do next (may be empty). */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly hint: string

  constructor(message: string, hint = '') {
    super(message)
    this.hint = hint
  }
}

/** The sentence and hint of anything thrown. */
export function explain(error: unknown): { message: string; hint: string } {
  if (error instanceof ApiError) return { message: error.message, hint: error.hint }
  return { message: error instanceof Error ? error.message : String(error), hint: '' }
}
