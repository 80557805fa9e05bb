// Bytes, and their one spelling as text: unpadded base64url.

/** Bytes are what WebCrypto takes. */
export type Bytes = Uint8Array<ArrayBuffer>

/** A Digest is the text form of 32 bytes, so that digests compare as texts do. */
export type Digest = string

/** must throws unless ok: what is read is not in its one form. Who reads says what that means. */
export function must(ok: unknown, what?: string): asserts ok {
  if (!ok) throw new Error(what)
}

const encoder = new TextEncoder()
// A byte order mark is text like any other here.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export const utf8 = (s: string): Bytes => encoder.encode(s)

/** fromUTF8 throws for bytes that are not UTF-8. */
export const fromUTF8 = (b: Uint8Array): string => decoder.decode(b)

export function concat(...parts: Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0))
  let at = 0
  for (const p of parts) {
    out.set(p, at)
    at += p.length
  }
  return out
}

/** compare orders bytes as Go's bytes.Compare does. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length)
  for (let i = 0; i < n; i++) {
    const d = (a[i] as number) - (b[i] as number)
    if (d !== 0) return d
  }
  return a.length - b.length
}

export const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && compare(a, b) === 0

export function u32(n: number): Bytes {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, n)
  return out
}

/** u64 writes eight bytes, big endian; a negative number as its two's complement. */
export function u64(n: bigint): Bytes {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, BigInt.asUintN(64, n))
  return out
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
// By character code; what is no digit has none.
const values: number[] = []
for (let i = 0; i < 64; i++) values[digits.charCodeAt(i)] = i

/** fromText reads base64url: no padding, no white space, no stray bits at the end. */
export function fromText(s: string, size?: number): Bytes {
  const out = new Uint8Array(Math.floor((s.length * 3) / 4))
  must(s.length % 4 !== 1 && (size === undefined || out.length === size))
  let held = 0
  let bits = 0
  let at = 0
  for (let i = 0; i < s.length; i++) {
    const v = values[s.charCodeAt(i)]
    must(v !== undefined)
    held = ((held << 6) | v) & 0xfff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      out[at++] = held >> bits
    }
  }
  must((held & ((1 << bits) - 1)) === 0)
  return out
}

export function toText(b: Uint8Array): string {
  let out = ''
  for (let i = 0; i < b.length; i += 3) {
    const n = ((b[i] as number) << 16) | ((b[i + 1] ?? 0) << 8) | (b[i + 2] ?? 0)
    const left = b.length - i
    out += digits.charAt(n >> 18) + digits.charAt((n >> 12) & 63)
    if (left > 1) out += digits.charAt((n >> 6) & 63)
    if (left > 2) out += digits.charAt(n & 63)
  }
  return out
}

export const zeroDigest: Digest = 'A'.repeat(43)
