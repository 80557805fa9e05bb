// P-256 keys and their signatures r ‖ s.

import { type Bytes, type Digest, must, toText, utf8 } from './bytes'
import { sum } from './canon'

/** A Signature is what a key of this identifier signed, if it verifies. */
export interface Signature {
  kid: Digest
  signed: Bytes
  bytes: Bytes
  /** good is set once WebCrypto has verified it under the key of that identifier. */
  good?: boolean
}

export interface Key {
  id: Digest
  point: Bytes
}

const p = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n
const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn
const halfOrder = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n

export const number = (bytes: Uint8Array) => BigInt(`0x${[...bytes].map((x) => x.toString(16).padStart(2, '0')).join('')}`)

/** curve and ecdsa are what WebCrypto calls ES256. */
export const curve = { name: 'ECDSA', namedCurve: 'P-256' }
export const ecdsa = { name: 'ECDSA', hash: 'SHA-256' }

/** parseKey reads an uncompressed point. That it lies on the curve is not left to the browser. */
export function parseKey(point: Bytes): Key {
  must(point.length === 65 && point[0] === 4)
  const [x, y] = [number(point.subarray(1, 33)), number(point.subarray(33))]
  must(x < p && y < p && (y * y - (x * x * x - 3n * x + b)) % p === 0n)
  // RFC 7638: the required members in lexicographic order, without spaces.
  const jwk = `{"crv":"P-256","kty":"EC","x":"${toText(point.subarray(1, 33))}","y":"${toText(point.subarray(33))}"}`
  return { id: sum(utf8(jwk)), point }
}

/** highS reports whether the signature is the mirrored twin of another. */
export const highS = (sig: Uint8Array) => number(sig.subarray(32)) > halfOrder

/** verifyAll verifies signatures side by side, each under the key that it names; one without such a key stays unverified. */
export async function verifyAll(signatures: Signature[], keyOf: (kid: Digest) => Key | undefined): Promise<void> {
  const imported = new Map<Digest, Promise<CryptoKey>>()
  const ready = (key: Key) => {
    const known = imported.get(key.id) ?? crypto.subtle.importKey('raw', key.point, curve, false, ['verify'])
    imported.set(key.id, known)
    return known
  }
  await Promise.all(
    signatures.map(async (s) => {
      const key = keyOf(s.kid)
      if (key) s.good = await crypto.subtle.verify(ecdsa, await ready(key), s.bytes, s.signed)
    }),
  )
}
