import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../models/errors.ts'
import { understood } from './copy.ts'

const isUpload = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

/** Files on their way from a browser: each in a folder of its own until it is imported. */
export class Uploads {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * Writes what comes in, and makes the file `size` bytes long where that is given. What breaks off leaves nothing
   * behind. Throws UserError where there is no room.
   */
  async receive(name: string, body: AsyncIterable<Uint8Array>, size?: number): Promise<{ upload: string }> {
    const upload = crypto.randomUUID()
    const folder = join(this.#folder, upload)
    try {
      await mkdir(folder, { recursive: true })
      const file = await open(join(folder, safeName(name)), 'wx')
      try {
        for await (const piece of body) await file.writeFile(piece)
        if (size !== undefined) await file.truncate(size)
        await file.sync()
      } finally {
        await file.close()
      }
      return { upload }
    } catch (error) {
      await rm(folder, { recursive: true, force: true }).catch(() => undefined)
      throw understood(this.#folder, error)
    }
  }

  /** Where an upload lies. Throws UserError where there is none of that name. */
  async path(upload: string): Promise<string> {
    const [name] = isUpload.test(upload) ? await readdir(join(this.#folder, upload)).catch(() => []) : []
    if (name === undefined) throw new UserError('This upload is not there any more.', 'Drop the file again.')
    return join(this.#folder, upload, name)
  }

  /**
   * Does `work` with a file of `size` bytes of which `body` brings the start alone, which is enough to say what it is;
   * the rest is a hole that takes no room.
   */
  async withStart<T>(
    { name, size }: { name: string; size: number },
    body: AsyncIterable<Uint8Array>,
    work: (path: string) => Promise<T>,
  ): Promise<T> {
    const { upload } = await this.receive(name, body, size)
    try {
      return await work(await this.path(upload))
    } finally {
      await this.discard(upload)
    }
  }

  /** Drops an upload. */
  async discard(upload: string): Promise<void> {
    if (isUpload.test(upload)) await rm(join(this.#folder, upload), { recursive: true, force: true })
  }

  /** Drops all: nobody waits for them when the studio starts. */
  async clear(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}

const mostCharacters = 200

/** A browser may say anything: what is left is a name that every file system takes, without folders. */
function safeName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? ''
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to go
  const clean = last.replaceAll(/[\u0000-\u001f<>:"|?*]/g, '').replaceAll(/^[. ]+|[. ]+$/g, '')
  return clean.slice(-mostCharacters) || 'model.safetensors'
}
