import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'

/** Answers with one sentence, as the command line's --json does. */
export const refuse = (c: Context, status: ContentfulStatusCode, error: string, hint = ''): Response =>
  c.json({ error, hint }, status)
