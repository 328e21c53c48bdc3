import type { GuidanceMethod } from './method.ts'

/** The base as it was trained: the prompt alone, one pass. The guidance scale has no effect. */
export const none: GuidanceMethod = () => passes => passes.positive()
