/** What ships with the studio goes by these ids; no model of a person may have one. */
export const shippedIds = { base: 'demo', guide: 'demo-guide' } as const

/** Whether an id is that of something that ships with the studio. */
export const isShipped = (id: string): boolean => Object.values<string>(shippedIds).includes(id)
