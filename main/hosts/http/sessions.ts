import { createHash, randomBytes } from 'node:crypto'

/** Who may use the studio: whoever once held the token, and has had a session's key for it. */
export class Sessions {
  readonly #keys = new Set<string>()
  #token = secret()

  /** Stands in the link; good for one exchange. */
  get token(): string {
    return this.#token
  }

  /** A session's key for the token; undefined for anything else. A new token takes its place. */
  open(token: string): string | undefined {
    // Hashes are compared, so how long that takes tells nothing of the token.
    if (digest(token) !== digest(this.#token)) return undefined
    this.#token = secret()
    const key = secret()
    this.#keys.add(digest(key))
    return key
  }

  has(key: string | undefined): boolean {
    return key !== undefined && this.#keys.has(digest(key))
  }
}

const secret = (): string => randomBytes(32).toString('base64url')
const digest = (text: string): string => createHash('sha256').update(text).digest('base64url')
