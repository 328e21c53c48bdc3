import type { Services } from '../../../preload/contract/index.ts'
import type { ModelSheet } from '../../../preload/contract/models.ts'
import type { Events } from '../../events.ts'

/** Where pictures are shown from. */
export interface PictureFiles {
  readonly gallery: {
    /** The path of a picture's file, and of its thumbnail; undefined where there is no such picture, or not of these bytes. */
    file(id: number): Promise<string | undefined>
    thumbnail(id: number, size?: number): Promise<string | undefined>
  }
  readonly library: { previewFile(id: string): Promise<string | undefined> }
  /** Sample pictures of trainings, by run and file name. */
  readonly runs: { file(run: string, name: string): Promise<string | undefined> }
  /** Pictures to start from: a window's own, by the name that `keep`'s path ends in. */
  readonly inputs: {
    keep(bytes: Uint8Array): Promise<string>
    file(name: string): Promise<string | undefined>
  }
}

/** What a host needs of the app. */
export interface Hosted extends PictureFiles {
  readonly services: Services
  readonly events: Events
  readonly library: PictureFiles['library'] & {
    inspectStart(file: { name: string; size: number }, body: AsyncIterable<Uint8Array>): Promise<ModelSheet>
    readonly uploads: { receive(name: string, body: AsyncIterable<Uint8Array>): Promise<{ upload: string }> }
  }
}
