// Can this browser check signatures? Known answers, and answers that must be no: a
// browser that takes any signature must not be believed, and nobody else instead.

import { type Bytes, same } from './bytes'
import { sha256 } from './sha256'

const hex = (s: string): Bytes => Uint8Array.from(s.match(/../g) ?? [], (h) => Number.parseInt(h, 16))

interface Answer {
  key: Bytes
  message: Bytes
  signature: Bytes
}

// RFC 6979, appendix A.2.5: SHA-256, message "test".
const es256: Answer = {
  key: hex(
    '0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
  ),
  message: hex('74657374'),
  signature: hex(
    'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083',
  ),
}

// RFC 8032, section 7.1, test 2.
const ed25519: Answer = {
  key: hex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'),
  message: hex('72'),
  signature: hex(
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ),
}

function changed(b: Bytes, at: number): Bytes {
  const out = b.slice()
  out[at] = (out[at] as number) ^ 1
  return out
}

async function knows(a: Answer, key: EcKeyImportParams | 'Ed25519', how: EcdsaParams | 'Ed25519'): Promise<boolean> {
  const k = await crypto.subtle.importKey('raw', a.key, key, false, ['verify'])
  const verify = (signature: Bytes, message: Bytes) => crypto.subtle.verify(how, k, signature, message)
  const [good, ...bad] = await Promise.all([
    verify(a.signature, a.message),
    verify(changed(a.signature, 0), a.message),
    verify(changed(a.signature, 63), a.message),
    verify(a.signature, changed(a.message, 0)),
    verify(new Uint8Array(64), a.message),
  ])
  return good === true && bad.every((b) => b === false)
}

/** canVerify reports whether ES256, Ed25519 and SHA-256 work here. */
export async function canVerify(): Promise<boolean> {
  try {
    const curve = { name: 'ECDSA', namedCurve: 'P-256' }
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', es256.key))
    const known = hex('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    return (
      same(sha256(es256.key), digest) &&
      same(sha256(hex('616263')), known) &&
      (await knows(es256, curve, { name: 'ECDSA', hash: 'SHA-256' })) &&
      (await knows(ed25519, 'Ed25519', 'Ed25519'))
    )
  } catch {
    return false // one of them is missing
  }
}
