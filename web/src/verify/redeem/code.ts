// A concealed code and what it stands for (docs/formats.md, "Things that are measured"):
// an Ed25519 key pair that only who scratched can derive. Here the code stays.
import { type Bytes, concat, fromText, u64, utf8 } from '../../verifier/bytes'
import { encode } from '../../verifier/canon'
import { leafHash } from '../../verifier/merkle'
import { sha256 } from '../../verifier/sha256'

// Crockford's base 32: no letters that people mix up.
const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const size = 16

/** Reads a code as a person types it: with or without hyphens and spaces, in any case, with O for 0 and I or L for 1. */
export function parseCode(text: string): Bytes | undefined {
  const upper = text.toUpperCase()
  const code = upper.replaceAll(/[ -]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')
  // One letter that becomes two is none of ours.
  if (code.length !== 26 || upper.length !== text.length) return undefined
  let bits = 0n
  for (const c of code) {
    const value = digits.indexOf(c)
    if (value < 0) return undefined
    bits = (bits << 5n) | BigInt(value)
  }
  // 26 digits have two bits to spare.
  if ((bits & 3n) !== 0n) return undefined
  bits >>= 2n
  return concat(u64(bits >> 64n), u64(bits)).subarray(0, size)
}

/** A Pack is whose code it is. */
export interface Pack {
  gtin: string
  serial: string
}

/** A Place is where a pack stands on which chain. */
export interface Place {
  chain: string
  batch: string
  index: bigint
}

/** A Signer is the key pair of a code. */
export interface Signer {
  key: Bytes
  sign: (message: Bytes) => Promise<Bytes>
}

const ed25519 = 'Ed25519'

// RFC 8410: a private key in PKCS#8 is its seed behind these bytes.
const wrapping = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20)

/** Derives the key pair of a pack's code; throws where the browser knows no Ed25519. */
export async function derive(code: Bytes, pack: Pack): Promise<Signer> {
  const ikm = await crypto.subtle.importKey('raw', code, 'HKDF', false, ['deriveBits'])
  const info = encode('theriac/concealed-key/1', utf8(pack.gtin), utf8(pack.serial))
  const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info }
  const seed = new Uint8Array(await crypto.subtle.deriveBits(how, ikm, 256))
  const secret = await crypto.subtle.importKey('pkcs8', concat(wrapping, seed), ed25519, true, ['sign'])
  const { x = '' } = await crypto.subtle.exportKey('jwk', secret)
  return { key: fromText(x, 32), sign: async (message) => new Uint8Array(await crypto.subtle.sign(ed25519, secret, message)) }
}

/** Returns what a code's key signs: which browser's key redeems it. */
export const redeemed = (at: Place, browser: Bytes): Bytes =>
  encode('theriac/redeemed/1', utf8(at.chain), fromText(at.batch, 32), u64(at.index), browser)

/** Returns the leaf of a code's key under the root of its batch. */
export const mark = (key: Bytes): Bytes => leafHash(sha256(key))
