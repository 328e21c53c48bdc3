import { UserError } from '../../errors.ts'

/** Header JSON goes three levels deep; anything beyond this is an attack on the parser. */
const deepest = 32

const quote = 0x22
const backslash = 0x5c
const isOpening = (code: number): boolean => code === 0x7b || code === 0x5b
const isClosing = (code: number): boolean => code === 0x7d || code === 0x5d

/**
 * Refuses JSON text that nests deeper than any header, before a parser sees it.
 * @throws UserError
 */
export const refuseDeepNesting = (text: string): void => {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === quote) i = stringEnd(text, i)
    else if (isOpening(code) && ++depth > deepest) {
      throw new UserError('The header is nested too deeply to be genuine.')
    } else if (isClosing(code)) depth--
  }
}

/**
 * Refuses names that stand twice in the same object, which `JSON.parse` hides by keeping the last.
 * @param text valid JSON
 * @throws UserError that names the tensor
 */
export const refuseDuplicates = (text: string): void => {
  const open: { names: Set<string>; last: string }[] = []
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (isOpening(code)) open.push({ names: new Set(), last: '' })
    else if (isClosing(code)) open.pop()
    else if (code === quote) {
      const end = stringEnd(text, i)
      const table = open.at(-1)
      if (table && isName(text, end)) {
        const name = JSON.parse(text.slice(i, end + 1)) as string
        if (table.names.has(name)) throw duplicate(name, open[0]?.last ?? '', open.length)
        table.names.add(name)
        table.last = name
      }
      i = end
    }
  }
}

const duplicate = (name: string, owner: string, depth: number): UserError => {
  if (depth === 1) return new UserError(`Tensor ${name} appears twice in the header.`)
  const where = owner === '__metadata__' ? 'The metadata of the header' : `Tensor ${owner}`
  return new UserError(`${where} states ${name} twice in the header.`)
}

/** Index of the quote that ends the string which begins at `start`; the text's length where none does. */
const stringEnd = (text: string, start: number): number => {
  let i = start + 1
  while (i < text.length && text.charCodeAt(i) !== quote) i += text.charCodeAt(i) === backslash ? 2 : 1
  return i
}

/** Whether a colon follows the string that ends at `end`. */
const isName = (text: string, end: number): boolean => {
  let i = end + 1
  while (i < text.length && ' \t\r\n'.includes(text[i] as string)) i++
  return text[i] === ':'
}
