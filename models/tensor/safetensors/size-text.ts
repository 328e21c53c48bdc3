const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB']

/** A number of bytes for messages, in decimal units and whole numbers: `500 MB`, `1 TB`. */
export const sizeText = (bytes: number): string => {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)))
  return `${Math.round(bytes / 1000 ** power)} ${units[power]}`
}
