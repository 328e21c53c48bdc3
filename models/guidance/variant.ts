import { type MethodName, methods } from './index.ts'

/** A guidance method as tables and options name it. */
export interface MethodVariant {
  readonly method: MethodName
  /** Every n-th step is true; the method's own default where it is left out. */
  readonly refresh?: number | undefined
}

const refreshed: readonly string[] = ['guide', 'reuse'] satisfies readonly MethodName[]

/** Reads `cfg`, `guide:4`, `reuse:3`...; nothing where there is no such method. */
export function methodVariant(name: string): MethodVariant | undefined {
  const [start = '', count, ...rest] = name.split(':')
  if (!Object.hasOwn(methods, start) || rest.length > 0) return undefined
  const method = start as MethodName
  if (count === undefined) return { method }
  const refresh = Number(count)
  return refreshed.includes(method) && Number.isInteger(refresh) && refresh > 1 ? { method, refresh } : undefined
}
