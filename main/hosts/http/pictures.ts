import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { UserError } from '../../../models/errors.ts'
import { sendPicture } from './files.ts'
import type { PictureFiles } from './hosted.ts'
import { refuse } from './refuse.ts'

/** Pictures, thumbnails, models' previews, samples of trainings: by number or name, never by path. The same in a browser and in Electron. */
export function pictures({ gallery, library, runs, inputs }: PictureFiles): Hono {
  const http = new Hono()
  http.get('/pictures/:id{[0-9]{1,16}}', async c =>
    sendPicture(c, await missing(gallery.file(Number(c.req.param('id'))))),
  )
  http.get('/thumbnails/:id{[0-9]{1,16}}', async c => {
    const size = c.req.query('size')
    const found = gallery.thumbnail(Number(c.req.param('id')), size === undefined ? undefined : Number(size))
    return sendPicture(c, await missing(found), size !== undefined)
  })
  http.get('/model-previews/:id', async c => sendPicture(c, await missing(library.previewFile(c.req.param('id')))))
  http.get('/run/:run/:file', async c => sendPicture(c, await runs.file(c.req.param('run'), c.req.param('file'))))
  http.get('/inputs/:name', async c => sendPicture(c, await inputs.file(c.req.param('name')), true))
  http.post('/inputs', bodyLimit({ maxSize: largest, onError: c => refuse(c, 413, ...tooLarge) }), async c => {
    try {
      return c.json({ path: await inputs.keep(new Uint8Array(await c.req.arrayBuffer())) })
    } catch (error) {
      if (error instanceof UserError) return refuse(c, 422, error.message, error.hint)
      throw error
    }
  })
  return http
}

/** Bytes of a picture to start from. */
const largest = 64 * 2 ** 20
const tooLarge = ['The picture is larger than 64 MiB.', 'Choose a smaller one.'] as const

/** A number that means nothing is a picture that is missing, and no fault. */
const missing = (path: Promise<string | undefined>): Promise<string | undefined> =>
  path.catch(error => {
    if (error instanceof UserError) return undefined
    throw error
  })
