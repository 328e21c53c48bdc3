import type { MiddlewareHandler } from 'hono'
import { createMiddleware } from 'hono/factory'
import { refuse } from './refuse.ts'

/** Names under which this computer's browsers reach the loopback address; the port may be another behind a tunnel. */
const loopback = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/

/** What every answer says, whoever asks. */
export const headers = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
}

/** The window's content security policy; `sockets` is where it may open a WebSocket. */
export const policy = (sockets = ''): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' data: blob:",
    // 'self' alone does not cover ws: in every browser.
    `connect-src 'self' ${sockets}`.trim(),
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

/**
 * Lets in what this computer's own pages ask for. Another name in `Host` is a page elsewhere whose name was turned
 * to this address (DNS rebinding); another `Origin` is a page elsewhere that sends something.
 */
export const guard: MiddlewareHandler = createMiddleware(async (c, next) => {
  for (const [name, value] of Object.entries(headers)) c.header(name, value)
  const host = c.req.header('host') ?? ''
  if (!loopback.test(host)) return refuse(c, 403, 'This address is none of the studio.')
  c.header('content-security-policy', policy(`ws://${host}`))
  const changes = c.req.header('upgrade') !== undefined || !['GET', 'HEAD'].includes(c.req.method)
  if (changes && c.req.header('origin') !== `http://${host}`) {
    return refuse(c, 403, 'Only the studio’s own window may do this.')
  }
  return next()
})
