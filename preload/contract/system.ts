import { z } from 'zod'
import type { ServiceShape } from './service.ts'

/** What the studio runs on, for the status line. */
export const systemInfo = z.object({
  version: z.string(),
  /** `CPU, 8 cores`. */
  device: z.string(),
  /** MiB that the engine uses now, and that it may use. */
  memoryUsed: z.number(),
  memoryBudget: z.number(),
  engine: z.enum(['starting', 'ready', 'busy', 'dead']),
  dataFolder: z.string(),
  /** Whether the window shares the disk with the studio: paths can be typed, files dropped by path. */
  sameDisk: z.boolean(),
})
export type SystemInfo = z.infer<typeof systemInfo>

const nothing = z.object({})

export const system = {
  methods: {
    info: { input: nothing, output: systemInfo },
    /** Small things that a window keeps: the last settings of Create, panel widths. */
    recall: { input: z.object({ key: z.string().max(100) }), output: z.unknown() },
    keep: { input: z.object({ key: z.string().max(100), value: z.unknown() }), output: nothing },
  },
  events: {
    info: systemInfo,
    /** Something the person should read: one sentence and what to do. */
    notice: z.object({ level: z.enum(['info', 'error']), message: z.string(), hint: z.string() }),
    /** Files and folders that were handed to the studio from outside of its window. */
    opened: z.object({ paths: z.array(z.string()) }),
    /** A shortcut, chosen in the desktop's menu. */
    pressed: z.object({ keys: z.string() }),
  },
} as const satisfies ServiceShape
