import { basename } from 'node:path'
import { UserError } from '../../errors.ts'

/** How many bytes from the start of a file {@link refuseOtherFormats} wants to see. */
export const sniffBytes = 512

const toSafetensors =
  'Look for a .safetensors version of the same model, or convert it on a computer that you can afford to lose.'

interface OtherFormat {
  /** `text` is the start of the file, one character per byte. */
  readonly is: (text: string) => boolean
  /** What a person should read. */
  readonly says: (name: string) => string
  readonly hint?: string
}

const startsWith =
  (...starts: readonly string[]) =>
  (text: string) =>
    starts.some(start => text.startsWith(start))
const isBinaryPickle = startsWith('\x80\x02', '\x80\x03', '\x80\x04', '\x80\x05')
const isZip = startsWith('PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08')

/** What people take for a model file. The first that fits speaks. Nothing here is ever opened or unpacked. */
const formats: readonly OtherFormat[] = [
  {
    is: text => /^(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|\?xml|!--)/i.test(text),
    says: () => 'This is a web page, not a model; the download probably needed a login.',
    hint: 'Log in on the page that offers the model and download it again.',
  },
  {
    is: startsWith('version https://git-lfs.github.com/spec/'),
    says: () => 'This is a Git LFS pointer, not the model itself; fetch the real file.',
    hint: 'Run `git lfs pull` in the folder it came from, or download the file from its page.',
  },
  {
    is: startsWith('GGUF', 'ggml', 'ggjt', 'lmgg', 'tjgg'),
    says: () => 'GGUF files are not supported; use a .safetensors file.',
  },
  {
    // torch.save writes a zip whose first member is NAME/data.pkl.
    is: text => isZip(text) && /^[^/]*\/(?:data\.pkl|\.format_version|version|byteorder)/.test(text.slice(30)),
    says: name =>
      name.endsWith('.safetensors')
        ? 'The name says safetensors but this is a PyTorch pickle (a zip); refused.'
        : 'This is a PyTorch pickle checkpoint (a zip); refused, convert it to .safetensors.',
    hint: toSafetensors,
  },
  {
    is: isZip,
    says: () => 'This is a zip archive, not a model; unpack it and choose the .safetensors file in it.',
  },
  {
    // Protocols 2 to 5 start with 0x80 and their number; 0 and 1 are text that opens a container or names a class.
    is: text => isBinaryPickle(text) || /^(?:[}\]]q.|\([dl]p?\d*\n|c[\w.]+\n[\w.]+\n)/.test(text),
    says: name =>
      name.endsWith('.safetensors')
        ? 'The name says safetensors but this is a pickle checkpoint; pickles can run code and are refused.'
        : 'Pickle checkpoints can run code and are refused; convert it to .safetensors.',
    hint: toSafetensors,
  },
  { is: startsWith('\x1f\x8b'), says: () => 'This is a gzip archive, not a model; unpack it first.' },
  { is: startsWith('7z\xbc\xaf\x27\x1c'), says: () => 'This is a 7z archive, not a model; unpack it first.' },
  { is: startsWith('Rar!'), says: () => 'This is a RAR archive, not a model; unpack it first.' },
  { is: startsWith('\x89HDF'), says: () => 'HDF5 files are not supported; use a .safetensors file.' },
  { is: startsWith('\x89PNG', '\xff\xd8\xff', 'GIF8'), says: () => 'This is a picture, not a model.' },
  { is: startsWith('%PDF'), says: () => 'This is a PDF document, not a model.' },
  {
    is: text => /^\s*\{\s*"/.test(text),
    says: () => 'This is a JSON file, not a model.',
  },
]

/**
 * Refuses a file that is plainly something else than safetensors, by its first bytes.
 * @param start the first {@link sniffBytes} bytes, or the whole file where it is shorter
 * @throws UserError that says what the file is and what to do
 */
export const refuseOtherFormats = (path: string, start: Uint8Array): void => {
  const text = Buffer.from(start.buffer, start.byteOffset, start.byteLength).toString('latin1')
  const format = formats.find(({ is }) => is(text))
  if (format) throw new UserError(format.says(basename(path).toLowerCase()), format.hint)
}
