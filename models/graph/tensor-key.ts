import type { Tensor } from '../tensor/tensor.ts'

/** The same text for tensors of the same type, shape and bits, and for no others: 0 and -0 differ. */
export const tensorKey = ({ dtype, shape, data }: Tensor): string =>
  `${dtype} ${shape} ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')}`
