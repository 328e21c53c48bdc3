const methods: Readonly<Record<string, string>> = {
  guide: 'Guide',
  cfg: 'CFG',
  none: 'No guidance',
  interval: 'Interval',
  adaptive: 'Adaptive',
  reuse: 'Reuse',
}

const samplers: Readonly<Record<string, string>> = {
  euler: 'Euler',
  'euler-a': 'Euler a',
  heun: 'Heun',
  lms: 'LMS',
  ddim: 'DDIM',
  pndm: 'PLMS',
  'dpmpp-2m': 'DPM++ 2M',
  'dpmpp-sde': 'DPM++ SDE',
  'dpmpp-2m-sde': 'DPM++ 2M SDE',
  unipc: 'UniPC',
  lcm: 'LCM',
  tcd: 'TCD',
}

const schedules: Readonly<Record<string, string>> = {
  auto: 'Automatic',
  leading: 'DDIM',
  linspace: 'Normal',
  trailing: 'SGM Uniform',
  karras: 'Karras',
  exponential: 'Exponential',
  beta: 'Beta',
}

const word = (words: Readonly<Record<string, string>>, name: string): string =>
  Object.hasOwn(words, name) ? (words[name] ?? name) : name

/** A guidance method as people call it; one that we do not know keeps its name. */
export const methodWord = (name: string): string => word(methods, name)

/** A sampler as A1111 calls it. */
export const samplerWord = (name: string): string => word(samplers, name)

/** A schedule as A1111 calls it. */
export const scheduleWord = (name: string): string => word(schedules, name)

/** A day in the person's own language: `Mon, 23 Nov 2026`. */
export const dayWord = (time: number): string =>
  new Date(time).toLocaleDateString(undefined, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' })

/** `1 picture`, `1,204 pictures`. */
export const pictureCount = (count: number): string =>
  `${count.toLocaleString()} ${count === 1 ? 'picture' : 'pictures'}`
