import { createHash } from 'node:crypto'
import { mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { UserError } from '../../models/errors.ts'

const endings: Readonly<Record<string, string>> = { png: 'png', jpeg: 'jpg', webp: 'webp' }
const isName = /^[\da-f]{32}\.(?:png|jpg|webp)$/

/**
 * Pictures and masks that a window has chosen to start from, in `DATA/inputs`: each once, named by what is in it, so that
 * a painted picture still finds them tomorrow.
 */
export class Inputs {
  readonly #folder: string

  constructor(data: string) {
    this.#folder = join(data, 'inputs')
  }

  /** Keeps a picture; the path of its file. Throws UserError where the bytes are none that can be started from. */
  async keep(bytes: Uint8Array): Promise<string> {
    const { format } = await sharp(bytes)
      .metadata()
      .catch((): { format: string } => ({ format: '' }))
    const ending = endings[format]
    if (!ending) throw new UserError('This cannot be read as a picture.', 'Choose a PNG, JPEG or WebP file.')
    const name = `${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}.${ending}`
    const path = join(this.#folder, name)
    if ((await this.file(name)) !== undefined) return path
    await mkdir(this.#folder, { recursive: true })
    const part = `${path}.${crypto.randomUUID()}`
    await writeFile(part, bytes, { flush: true })
    await rename(part, path)
    return path
  }

  /** The path of a kept picture by its file's name; undefined where there is none. */
  async file(name: string): Promise<string | undefined> {
    if (!isName.test(name)) return undefined
    const path = join(this.#folder, name)
    const info = await stat(path).catch(() => undefined)
    return info?.isFile() ? path : undefined
  }
}
