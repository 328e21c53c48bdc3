import { ModelFault, UserError } from '../errors.ts'
import { Cancelled } from './cancel-flag.ts'

/** An error as it crosses a process boundary. */
export type Failure =
  | { readonly kind: 'user' | 'model'; readonly message: string; readonly hint: string }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'fault'; readonly message: string; readonly stack: string | undefined }

export function toFailure(error: unknown): Failure {
  if (error instanceof Cancelled) return { kind: 'cancelled' }
  if (error instanceof UserError) {
    return { kind: error instanceof ModelFault ? 'model' : 'user', message: error.message, hint: error.hint }
  }
  if (error instanceof Error) return { kind: 'fault', message: error.message, stack: error.stack }
  return { kind: 'fault', message: String(error), stack: undefined }
}

export function fromFailure(failure: Failure): Error {
  switch (failure.kind) {
    case 'cancelled':
      return new Cancelled('The request was cancelled.')
    case 'user':
      return new UserError(failure.message, failure.hint)
    case 'model':
      return new ModelFault(failure.message, failure.hint)
    case 'fault': {
      const error = new Error(failure.message)
      if (failure.stack !== undefined) error.stack = failure.stack
      return error
    }
  }
}
