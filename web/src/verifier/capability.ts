// Can this browser check signatures? Known answers, and answers that must be no: a
// browser that takes any signature must not be believed, and nobody else instead.

import { type Bytes, fromText, same, utf8 } from './bytes'
import { curve, ecdsa } from './key'
import { sha256 } from './sha256'

interface Answer {
  key: Bytes
  message: Bytes
  signature: Bytes
}

// RFC 6979, appendix A.2.5: SHA-256, message "test".
const es256: Answer = {
  key: fromText('BGD-1LolWp0xyWHrdMY1bWjASbiSO2H6bOZpYi5g8p-2eQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk'),
  message: utf8('test'),
  signature: fromText('8auwI1GDUc1x2IFWex6mY-0-_PbFEys1TyjTsLfTg2cBn0ETdCorFL0lkmtJxkkVXyZ-YNOBS0wMyEJQ5G8Agw'),
}

// RFC 8032, section 7.1, test 2.
const ed25519: Answer = {
  key: fromText('PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw'),
  message: utf8('r'),
  signature: fromText('kqAJqfDUyrhyDoILX2QlQKKye1QWUD-Ps3YiI-vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsMAA'),
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

// As much as a bundle has, so that an engine has compiled it before the first verification.
const long = Uint8Array.from({ length: 1 << 16 }, (_, i) => i)

/** canVerify reports whether ES256, Ed25519 and SHA-256 work here. A page calls it while it waits for a code. */
export async function canVerify(): Promise<boolean> {
  try {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', long))
    return same(sha256(long), digest) && (await knows(es256, curve, ecdsa)) && (await knows(ed25519, 'Ed25519', 'Ed25519'))
  } catch {
    return false // one of them is missing
  }
}
