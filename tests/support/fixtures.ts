import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

export const packed = join(root, 'tests/fixtures')
export const unpacked = join(root, 'node_modules/.cache/cicerone-fixtures')

/** The path of a file or folder of tests/fixtures, where `x.gz` has become `x`. */
export const fixture = (...path: string[]): string => join(unpacked, ...path)
