// SHA-256 (FIPS 180-4). A bundle needs hundreds of hashes of one or two blocks, each
// upon the other; WebCrypto's asynchronous digest costs more for the way there and
// back than for the hash. Only public bytes are hashed, so time tells nobody anything.
// The tests and canVerify hold it against WebCrypto's.

import type { Bytes } from './bytes'

const primes: number[] = []
for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p !== 0)) primes.push(n)

// The first 32 bits of the fraction of a root.
const fraction = (root: number) => ((root - Math.floor(root)) * 2 ** 32) | 0
const constants = Int32Array.from(primes, (p) => fraction(Math.cbrt(p)))
const start = primes.slice(0, 8).map((p) => fraction(Math.sqrt(p)))

const rotate = (x: number, n: number) => (x >>> n) | (x << (32 - n))

function block(h: Int32Array, w: Int32Array, data: DataView, at: number): void {
  for (let i = 0; i < 16; i++) w[i] = data.getInt32(at + 4 * i)
  for (let i = 16; i < 64; i++) {
    const a = w[i - 15] as number
    const b = w[i - 2] as number
    const s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)
    const s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10)
    w[i] = (w[i - 16] as number) + s0 + (w[i - 7] as number) + s1
  }
  let [a, b, c, d, e, f, g, k] = h as unknown as [number, number, number, number, number, number, number, number]
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const t1 = (k + s1 + ((e & f) ^ (~e & g)) + (constants[i] as number) + (w[i] as number)) | 0
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    k = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  const next = [a, b, c, d, e, f, g, k]
  for (let i = 0; i < 8; i++) h[i] = (h[i] as number) + (next[i] as number)
}

/** sha256 returns the digest of the parts joined. */
export function sha256(...parts: Uint8Array[]): Bytes {
  const length = parts.reduce((n, p) => n + p.length, 0)
  const padded = new Uint8Array((Math.floor((length + 8) / 64) + 1) * 64)
  let at = 0
  for (const p of parts) {
    padded.set(p, at)
    at += p.length
  }
  padded[length] = 0x80
  const data = new DataView(padded.buffer)
  data.setUint32(padded.length - 8, Math.floor(length / 2 ** 29))
  data.setUint32(padded.length - 4, (length << 3) >>> 0)
  const h = Int32Array.from(start)
  const w = new Int32Array(64)
  for (let i = 0; i < padded.length; i += 64) block(h, w, data, i)
  const out = new Uint8Array(32)
  const view = new DataView(out.buffer)
  for (let i = 0; i < 8; i++) view.setInt32(4 * i, h[i] as number)
  return out
}
