/** The moment as a part of a file name, in UTC: `2026-01-31T14-25-01-123Z`. */
export const timestamp = (): string => new Date().toISOString().replaceAll(/[:.]/g, '-')
