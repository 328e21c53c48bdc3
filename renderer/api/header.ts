const lengthBytes = 8
/** The largest header that the studio reads, in bytes. */
const most = 100_000_000
const someBytes = 2 ** 16

/**
 * The part of a file that says what it is. A safetensors file begins with its header's length (64 bits, little endian);
 * what says a length that no header has is something else, and its first 64 KiB tell what.
 */
export async function headerOf(file: Blob): Promise<Blob> {
  const start = file.slice(0, lengthBytes)
  if (start.size < lengthBytes) return start
  const length = Number(new DataView(await start.arrayBuffer()).getBigUint64(0, true))
  return file.slice(0, length > most ? someBytes : lengthBytes + length)
}
