import { access, rm } from 'node:fs/promises'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { UserError } from '../../models/errors.ts'
import { atATime } from './at-a-time.ts'
import { walk } from './walk.ts'
import { isLeftover, writeAtomically } from './write.ts'

/** Pixels of the long side. */
const side = 384
const quality = 82
/** 16,384 on each side. */
const pixelLimit = 16_384 ** 2
/** sharp works in threads of its own; more at once would hold more pictures in memory. */
const atOnce = 2

/** What tells one picture from every other: a number may mean another one where a gallery was rebuilt. */
export interface ThumbnailKey {
  readonly id: number
  /** Bytes of the picture's file. */
  readonly size: number
}

/** The mean colour of a coloured picture: red green blue in 24 bits. */
export async function meanColour(picture: Sharp): Promise<number> {
  const pixel = await picture.resize(1, 1, { fit: 'fill' }).removeAlpha().raw().toBuffer()
  return pixel.readUIntBE(0, 3)
}

const nameOf = ({ id, size }: ThumbnailKey): string => `${id}-${size}.webp`
const isName = (name: string): boolean => /^\d+-\d+\.webp$/.test(name)

/** Where a picture's thumbnail lies below the folder of all: in one of 256 folders. */
export function thumbnailPath(folder: string, picture: ThumbnailKey): string {
  const shard = (Math.floor(picture.id / 100) % 256).toString(16).padStart(2, '0')
  return join(folder, shard, nameOf(picture))
}

/** The small pictures of the grid: WebP files by picture, made when they are first wanted. */
export class Thumbnails {
  readonly #folder: string
  readonly #onColour: (id: number, colour: number) => Promise<void>
  readonly #slot = atATime(atOnce)
  readonly #making = new Map<string, Promise<string>>()

  /** `onColour` is told a picture's mean colour before its thumbnail is there. */
  constructor(folder: string, onColour: (id: number, colour: number) => Promise<void>) {
    this.#folder = folder
    this.#onColour = onColour
  }

  /** The path of a picture's thumbnail; undefined where there is none yet. */
  async find(picture: ThumbnailKey): Promise<string | undefined> {
    const path = thumbnailPath(this.#folder, picture)
    return access(path).then(
      () => path,
      () => undefined,
    )
  }

  /** The path of a picture's thumbnail, which is made of `file` where there is none yet. */
  async of(picture: ThumbnailKey, file: string): Promise<string> {
    const there = await this.find(picture)
    if (there !== undefined) return there
    const path = thumbnailPath(this.#folder, picture)
    const making = this.#making.get(path) ?? this.#make(picture.id, path, file)
    this.#making.set(path, making)
    return making
  }

  /** Deletes those of pictures that are gone. */
  async forget(pictures: readonly ThumbnailKey[]): Promise<void> {
    for (const picture of pictures)
      await rm(thumbnailPath(this.#folder, picture), { force: true }).catch(() => undefined)
  }

  /** Deletes what is no thumbnail: what a kill left half-written, and names of an earlier version. */
  async tidy(signal: AbortSignal): Promise<void> {
    for await (const { folder, names } of walk(this.#folder)) {
      if (signal.aborted) return
      for (const name of names)
        if (name.startsWith('.') ? isLeftover(name) : !isName(name)) await rm(join(folder, name), { force: true })
    }
  }

  /** Waits for those that are being made. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#making.values())
  }

  async #make(id: number, path: string, file: string): Promise<string> {
    try {
      await this.#slot(async () => {
        const bytes = await sharp(file, { limitInputPixels: pixelLimit })
          .resize(side, side, { fit: 'inside', withoutEnlargement: true })
          .webp({ quality })
          .toBuffer()
          .catch((cause: unknown) => {
            throw new UserError(`${file} cannot be read as a picture.`, 'Check the gallery.', { cause })
          })
        await this.#onColour(id, await meanColour(sharp(bytes)))
        await writeAtomically(path, bytes)
      })
      return path
    } finally {
      this.#making.delete(path)
    }
  }
}
