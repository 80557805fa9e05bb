// Everything hashed goes through here (docs/formats.md, "Forms").

import { type Bytes, concat, type Digest, toText, u32, utf8 } from './bytes'
import { sha256 } from './sha256'

/** encode joins a domain tag and fields, each preceded by its length. */
export function encode(tag: string, ...fields: Uint8Array[]): Bytes {
  const parts: Uint8Array[] = []
  for (const f of [utf8(tag), ...fields]) parts.push(u32(f.length), f)
  return concat(...parts)
}

export const hash = (tag: string, ...fields: Uint8Array[]): Bytes => sha256(encode(tag, ...fields))

/** sum is SHA-256 over bytes that carry their own domain. */
export const sum = (b: Uint8Array): Digest => toText(sha256(b))
