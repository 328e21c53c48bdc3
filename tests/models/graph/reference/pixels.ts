import { at, build, type Nd, sum } from './nd.ts'

type Four = readonly [number, number, number, number]

const resize = (x: Nd, height: number, width: number): Nd => {
  const [n, channels, h, w] = x.shape as Four
  return build([n, channels, height, width], index => {
    const [i, c, y, z] = index as Four
    return at(x, [i, c, Math.floor((y * h) / height), Math.floor((z * w) / width)])
  })
}

export function upsampleNearest([x]: readonly Nd[], { scale }: { readonly scale: number }): Nd {
  const [, , h, w] = (x as Nd).shape as Four
  return resize(x as Nd, h * scale, w * scale)
}

export function resizeNearestLike([x, like]: readonly Nd[]): Nd {
  const [, , h, w] = (like as Nd).shape as Four
  return resize(x as Nd, h, w)
}

export function sumPool([x]: readonly Nd[], { block }: { readonly block: number }): Nd {
  const [n, channels, h, w] = (x as Nd).shape as Four
  return build([n, channels, h / block, w / block], index => {
    const [i, c, y, z] = index as Four
    return sum(block, row => sum(block, column => at(x as Nd, [i, c, y * block + row, z * block + column])))
  })
}

export function pixelShuffle([x]: readonly Nd[], { block }: { readonly block: number }): Nd {
  const [n, channels, h, w] = (x as Nd).shape as Four
  return build([n, channels / block ** 2, h * block, w * block], index => {
    const [i, c, y, z] = index as Four
    const channel = (c * block + (y % block)) * block + (z % block)
    return at(x as Nd, [i, channel, Math.floor(y / block), Math.floor(z / block)])
  })
}

export function pixelUnshuffle([x]: readonly Nd[], { block }: { readonly block: number }): Nd {
  const [n, channels, h, w] = (x as Nd).shape as Four
  return build([n, channels * block ** 2, h / block, w / block], index => {
    const [i, c, y, z] = index as Four
    const place = c % block ** 2
    const [row, column] = [Math.floor(place / block), place % block]
    return at(x as Nd, [i, Math.floor(c / block ** 2), y * block + row, z * block + column])
  })
}
