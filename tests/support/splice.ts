import { readFile, writeFile } from 'node:fs/promises'

type Entry = { dtype: string; shape: number[]; data_offsets: [number, number] }

/** Copies a safetensors file with one tensor in the place of another; `from` holds it under `name`. */
export async function splice(file: string, key: string, from: string, name: string, to: string): Promise<void> {
  const [base, other] = [await load(file), await load(from)]
  const wanted = other.header[name]
  if (!wanted || !base.header[key]) throw new Error(`${name} or ${key} is missing`)
  const own = other.data.subarray(...wanted.data_offsets)
  const parts: Uint8Array[] = []
  const header: Record<string, Entry> = {}
  let at = 0
  for (const [each, entry] of Object.entries(base.header)) {
    const bytes = each === key ? own : base.data.subarray(...entry.data_offsets)
    header[each] = { ...(each === key ? wanted : entry), data_offsets: [at, at + bytes.length] }
    parts.push(bytes)
    at += bytes.length
  }
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  await writeFile(to, Buffer.concat([length, text, ...parts]))
}

async function load(path: string): Promise<{ header: Record<string, Entry>; data: Uint8Array }> {
  const bytes = await readFile(path)
  const length = Number(bytes.readBigUInt64LE(0))
  const { __metadata__: _, ...header } = JSON.parse(bytes.subarray(8, 8 + length).toString())
  return { header, data: bytes.subarray(8 + length) }
}
