import type { z } from 'zod'
import { type Api, contract } from '../preload/contract/index.ts'
import { type ModelSheet, modelSheet } from '../preload/contract/models.ts'
import type { Method } from '../preload/contract/service.ts'
import { BridgeTransport } from './api/bridge.ts'
import { ApiError } from './api/errors.ts'
import { headerOf } from './api/header.ts'
import { SocketTransport } from './api/socket.ts'
import type { Transport } from './api/transport.ts'

/** The desktop window's bridge where there is one, else a WebSocket to the host that served this page. */
export function connect(): Transport {
  if (window.cicerone !== undefined) return new BridgeTransport(window.cicerone)
  const url = new URL('/api', location.href)
  url.protocol = url.protocol.replace('http', 'ws')
  return new SocketTransport(url.href)
}

/** Every method of the contract over `transport`, checked on its way out and back. Rejects with `ApiError`. */
export function createApi(transport: Transport): Api {
  const services = Object.entries(contract).map(([service, { methods }]) => [
    service,
    Object.fromEntries(
      Object.entries(methods).map(([name, method]) => [name, call(transport, `${service}.${name}`, method)]),
    ),
  ])
  // Built from the same table that the type is derived from.
  return Object.fromEntries(services) as Api
}

function call(transport: Transport, name: string, { input, output }: Method): (value: unknown) => Promise<unknown> {
  return async value => {
    const asked = input.safeParse(value)
    if (!asked.success) throw new ApiError(sentence(asked.error))
    const given = output.safeParse(await transport.call(name, asked.data))
    if (given.success) return given.data
    console.error(`${name} returned what is none of the contract.`, given.error)
    throw new ApiError('The studio gave an answer that this window does not understand.', 'Reload the window.')
  }
}

/** `Steps must be a whole number from 1 to 1000.` */
function sentence(error: z.ZodError): string {
  const [issue] = error.issues
  if (issue === undefined) return 'This cannot be asked for.'
  const text = `${issue.path.join('.')} ${issue.message}`.trim()
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** The picture itself, at full size. */
export const pictureUrl = (id: number): string => `/pictures/${id}`

/** A small WebP of the picture. With the bytes of the picture's file the browser keeps it for good. */
export const thumbnailUrl = (id: number, size?: number): string =>
  `/thumbnails/${id}${size === undefined ? '' : `?size=${size}`}`

/** The preview picture that stands beside a model's file. */
export const modelPreviewUrl = (id: string): string => `/model-previews/${encodeURIComponent(id)}`

/** A sample picture of a training run. */
export const runFileUrl = (run: string, file: string): string =>
  `/run/${encodeURIComponent(run)}/${encodeURIComponent(file)}`

/** A picture to start from, or its mask, by the path that `keepInput` gave. */
export const inputUrl = (path: string): string => `/inputs/${encodeURIComponent(path.split(/[/\\]/).at(-1) ?? '')}`

/** Hands a picture to start from, or its mask, to the studio; the path that requests name it by. */
export async function keepInput(picture: Blob): Promise<string> {
  const response = await fetch('/inputs', { method: 'POST', body: picture }).catch(() => undefined)
  const answer = (await response?.json().catch(() => undefined)) as
    | Record<'path' | 'error' | 'hint', unknown>
    | undefined
  if (typeof answer?.path === 'string') return answer.path
  const told = (value: unknown, other: string) => (typeof value === 'string' ? value : other)
  throw new ApiError(told(answer?.error, 'The studio did not take the picture.'), told(answer?.hint, 'Try it again.'))
}

/** What a file is. No more of it is sent than its header, which is enough to say. */
export async function look(file: File, signal: AbortSignal): Promise<ModelSheet> {
  const address = `/headers/${encodeURIComponent(file.name)}?size=${file.size}`
  const response = await fetch(address, { method: 'POST', body: await headerOf(file), signal }).catch(() => {
    signal.throwIfAborted()
    throw new ApiError(`${file.name} could not be read.`, 'See that it is still there and that the studio runs.')
  })
  const answer: unknown = await response.json().catch(() => null)
  const sheet = modelSheet.safeParse(answer)
  if (sheet.success) return sheet.data
  throw refusal(file, answer)
}

function refusal(file: File, answer: unknown): ApiError {
  const { error, hint } = (answer ?? {}) as { error?: unknown; hint?: unknown }
  const message = typeof error === 'string' ? error : `The studio did not take ${file.name}.`
  return new ApiError(message, typeof hint === 'string' ? hint : '')
}

/**
 * Streams a file up to the host; `onProgress` is told bytes. The returned name is what `modelSource` takes as
 * `upload`. XMLHttpRequest, because fetch does not tell how much has gone.
 */
export function upload(
  file: File,
  onProgress: (done: number, total: number) => void = () => {},
  signal?: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', `/uploads/${encodeURIComponent(file.name)}`)
    request.responseType = 'json'
    request.upload.onprogress = ({ loaded }) => onProgress(loaded, file.size)
    request.onerror = () => reject(new ApiError(`${file.name} could not be sent to the studio.`, 'Try it again.'))
    request.onabort = () => reject(signal?.reason)
    request.onload = () => {
      const answer = request.response as { upload?: unknown } | null
      if (typeof answer?.upload === 'string') resolve(answer.upload)
      else reject(refusal(file, answer))
    }
    signal?.addEventListener('abort', () => request.abort(), { once: true })
    request.send(file)
  })
}
