/** What the database's thread begins with. */
export interface Opening {
  readonly file: string
  /** Whether a studio may be using the file too. */
  readonly shared: boolean
}

/** A call to the database's thread; without a module, to close. */
export interface Call {
  readonly id: number
  readonly module?: string
  readonly name: string
  readonly args: readonly unknown[]
}

export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly message: string; readonly hint: string; readonly user: boolean } }

/** Once the file is open: the functions of each module, and where a damaged file was put. */
export interface Opened {
  readonly modules: Readonly<Record<string, readonly string[]>>
  readonly setAside: string | undefined
}

/** Another process has written. */
export interface Told {
  readonly foreignWrite: true
}
