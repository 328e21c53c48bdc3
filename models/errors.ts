/**
 * An error that a person caused or can mend: one clear sentence, and a hint that says what to do next.
 * Everything else that is thrown is a fault of the program.
 */
export class UserError extends Error {
  override readonly name: string = 'UserError'
  /** What to do next, one sentence; may be empty where the message already says it. */
  readonly hint: string

  constructor(message: string, hint = '', options?: ErrorOptions) {
    super(message, options)
    this.hint = hint
  }
}

/**
 * A base's own files are at fault: no request can be painted with it until they are replaced. Any other `UserError` of
 * the engine says nothing of the base: of the request, what is plugged in, memory, or a disk that is away.
 */
export class ModelFault extends UserError {
  override readonly name = 'ModelFault'
}
