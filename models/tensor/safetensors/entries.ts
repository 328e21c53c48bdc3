import { UserError } from '../../errors.ts'
import { bytesPerElement, type Dtype } from '../dtype.ts'
import type { TensorEntry } from '../entry.ts'
import { shapeText } from '../tensor.ts'
import { sizeText } from './size-text.ts'

/** No weight comes near this; a larger claim in a file that does not hold it is a forgery, not a short download. */
const absurdBytes = 100_000_000_000

const longestName = 1000
const mostAxes = 16

const dtypes: ReadonlyMap<unknown, Dtype> = new Map(
  (Object.keys(bytesPerElement) as Dtype[]).map(dtype => [dtype.toUpperCase(), dtype]),
)

interface Place {
  readonly file: string
  readonly dataStart: number
  readonly size: number
}

/**
 * One tensor of the header, checked by itself: types, signs, shape against bytes, and no absurd claim.
 * @throws UserError that names the tensor
 */
export const parseTensor = ({ file, dataStart, size }: Place, key: string, value: unknown): TensorEntry => {
  const fail = (what: string, hint = '') => new UserError(`Tensor ${key} ${what}.`, hint)
  if (key.length > longestName || /\p{Cc}/u.test(key)) {
    throw new UserError('A tensor has a name that is no name: it is very long or holds control characters.')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fail('is not a table')
  const info: { dtype?: unknown; shape?: unknown; data_offsets?: unknown } = value
  const dtype = dtypes.get(info.dtype)
  if (typeof info.dtype !== 'string') throw fail('states no number type')
  if (!dtype) throw fail(`has the unknown number type ${info.dtype.slice(0, 40)}`)

  const { shape, data_offsets: offsets } = info
  if (!isNumbers(shape)) throw fail('has a shape that is not a list of numbers')
  if (!isNumbers(offsets) || offsets.length !== 2) throw fail('has data offsets that are not two numbers')
  if (shape.length > mostAxes) throw fail(`has ${shape.length} axes, more than any tensor needs`)
  if ([...shape, ...offsets].some(n => n < 0)) throw fail('has a negative offset or size')
  const begin = offsets[0] as number
  const end = offsets[1] as number
  if (![...shape, begin, end].every(Number.isSafeInteger)) {
    const whole = [...shape, begin, end].every(Number.isInteger)
    throw fail(whole ? 'states sizes that are impossibly large' : 'has a size or offset that is not a whole number')
  }
  if (end < begin) throw fail('ends before it begins')

  const needed = shape.reduce((n, length) => n * length, bytesPerElement[dtype])
  if (!Number.isSafeInteger(needed)) throw fail(`has the shape ${shapeText(shape)}, which is impossibly large`)
  if (needed !== end - begin) {
    const than = needed > end - begin ? 'more' : 'fewer'
    throw fail(
      `has the shape ${shapeText(shape)}, which needs ${than} bytes (${needed}) than its offsets give (${end - begin})`,
    )
  }
  if (dataStart + end > size && needed >= absurdBytes) {
    throw fail(`claims ${sizeText(needed)} in a file of ${sizeText(size)}`)
  }
  return { key, file, dtype, shape, offset: dataStart + begin, bytes: needed }
}

const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every(n => typeof n === 'number')

/**
 * Checks that the tensors cover the data exactly: no overlap, no gap, no end outside the file, nothing after the last.
 * @throws UserError that names the tensors
 */
export const checkLayout = (entries: readonly TensorEntry[], dataStart: number, size: number): void => {
  const sorted = entries.toSorted((a, b) => a.offset - b.offset || a.bytes - b.bytes)
  let end = dataStart
  let before: TensorEntry | undefined
  for (const entry of sorted) {
    if (entry.offset < end) throw new UserError(`Tensors ${before?.key} and ${entry.key} claim the same bytes.`)
    if (entry.offset > end) {
      const where = before ? `between ${before.key} and ${entry.key}` : `before ${entry.key}`
      throw new UserError(`There are bytes that belong to no tensor ${where}.`)
    }
    end = entry.offset + entry.bytes
    before = entry
  }
  const past = sorted.find(entry => entry.offset + entry.bytes > size)
  if (past) {
    throw new UserError(`The file is cut short: tensor ${past.key} ends past the end of the file; download it again.`)
  }
  if (end < size) {
    const where = before ? `after the last one, ${before.key}` : 'and no tensor is named'
    throw new UserError(`There are bytes that belong to no tensor ${where}.`)
  }
}
