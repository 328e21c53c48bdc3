import { access, rm } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { UserError } from '../../models/errors.ts'
import { atATime } from './at-a-time.ts'
import { writeAtomically } from './write.ts'

/** Pixels of the long side. */
const side = 384
const quality = 82
/** 16,384 on each side. */
const pixelLimit = 16_384 ** 2
/** sharp works in threads of its own; more at once would hold more pictures in memory. */
const atOnce = 2

/** The small pictures of the grid: WebP files by picture, made when they are first wanted. */
export class Thumbnails {
  readonly #folder: string
  readonly #slot = atATime(atOnce)
  readonly #making = new Map<number, Promise<string>>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** The path of a picture's thumbnail, which is made of `picture` where there is none yet. */
  async of(id: number, picture: string): Promise<string> {
    const path = this.#path(id)
    const there = await access(path).then(
      () => true,
      () => false,
    )
    if (there) return path
    const making = this.#making.get(id) ?? this.#make(id, path, picture)
    this.#making.set(id, making)
    return making
  }

  /** Deletes those of pictures that are gone. */
  async forget(ids: readonly number[]): Promise<void> {
    for (const id of ids) await rm(this.#path(id), { force: true }).catch(() => undefined)
  }

  /** Waits for those that are being made. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#making.values())
  }

  async #make(id: number, path: string, picture: string): Promise<string> {
    try {
      await this.#slot(async () => {
        const bytes = await sharp(picture, { limitInputPixels: pixelLimit })
          .resize(side, side, { fit: 'inside', withoutEnlargement: true })
          .webp({ quality })
          .toBuffer()
          .catch((cause: unknown) => {
            throw new UserError(`${picture} cannot be read as a picture.`, 'Check the gallery.', { cause })
          })
        await writeAtomically(path, bytes)
      })
      return path
    } finally {
      this.#making.delete(id)
    }
  }

  /** In 256 folders. */
  #path(id: number): string {
    const shard = (Math.floor(id / 100) % 256).toString(16).padStart(2, '0')
    return join(this.#folder, shard, `${id}.webp`)
  }
}
