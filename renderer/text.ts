/** `0.42 s`, `12 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** A long time, as one plans with it: `less than a minute`, `32 min`, `2 h 10 min`, `3 days`. */
export function span(seconds: number): string {
  const minutes = Math.round(seconds / 60)
  if (minutes < 1) return 'less than a minute'
  if (minutes < 60) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  if (hours < 10) return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`
}

/** MiB as GB with one digit. */
export const gigabytes = (mebibytes: number): string => (mebibytes / 1024).toFixed(1)

/** `2.1`, `12`. */
export const rate = (value: number): string => value.toFixed(value < 10 ? 1 : 0)

/** `1 pass`, `2 passes`. */
export const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

/** `1 pass`, `2 passes`, `1.25 passes`. */
export const passesWord = (passes: number): string => counted(Number(passes.toFixed(2)), 'pass', 'passes')

/** `1.9 GB`, `22.4 MB`. */
export function fileSize(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let size = bytes
  let unit = 0
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000
    unit++
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`
}

/** A share as `1.1%`, `36%`. */
export const percent = (share: number): string => `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)}%`
