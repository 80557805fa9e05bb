// The signed message, and the transaction that anchored it (docs/formats.md, "Messages").

import { type Exchange, type Field, noSalt } from './bundle'
import { type Bytes, type Digest, fromText, fromUTF8, must, utf8, zeroDigest } from './bytes'
import { encode, hash, sum } from './canon'
import { writeBytes, writeInt, writeList, writeMap, writeText } from './cbor'
import { logLeaf } from './chain'
import { id, safe } from './forms'
import { digest, held, list, object, whole } from './json'
import type { Signature } from './key'
import { type Leaf, leafHash, root } from './merkle'
import { as, refuseUnless } from './refusal'
import { sha256 } from './sha256'

export interface JWS {
  payload: Bytes
  signature: Signature
}

const kidAt = '{"alg":"ES256","kid":"'.length

/** parseJWS reads a compact JWS, of which the header can be one only: no algorithm to confuse, no key to believe. */
export function parseJWS(raw: string, typ: string): JWS {
  const parts = raw.split('.')
  const [header, payload, signature] = parts.map((p) => fromText(p)) as [Bytes, Bytes, Bytes]
  must(parts.length === 3 && signature.length === 64)
  const head = fromUTF8(header)
  const kid = head.slice(kidAt, kidAt + 43)
  must(fromText(kid, 32) && head === `{"alg":"ES256","kid":"${kid}","typ":"${typ}"}`)
  return { payload, signature: { kid, signed: utf8(`${parts[0]}.${parts[1]}`), bytes: signature } }
}

const name = held((s) => /^[A-Za-z0-9\-._:/]{1,64}$/.test(s))

const claims = object({
  aud: name,
  body_digest: digest,
  case: name,
  exp: safe,
  iat: safe,
  iss: name,
  jti: id,
  prev: list(digest),
  type: name,
})
export type Claims = ReturnType<typeof claims>

/** bodyDigest is the same for every way of withholding fields. */
export function bodyDigest(body: Field[]): Uint8Array {
  const leaves = body.map((f) =>
    f.name === '' ? fromText(f.hash) : leafHash(encode('theriac/field/1', utf8(f.name), fromText(f.salt), utf8(f.value))),
  )
  return hash('theriac/body/1', Uint8Array.of(body.length & 255), root(leaves))
}

const encodeField = (f: Field): Bytes =>
  writeMap({
    1: f.name !== '' && writeText(f.name),
    2: f.salt !== noSalt && writeBytes(fromText(f.salt)),
    3: f.value !== '' && writeBytes(utf8(f.value)),
    4: f.hash !== zeroDigest && writeBytes(fromText(f.hash)),
  })

/** A Message is what an exchange says of itself; nothing is verified yet. */
export interface Message {
  claims: Claims
  signature: Signature
  bc: Digest
  paper: Digest // h(r, s) of the signature
  paperBC: Digest // as its receiver uploaded it
  anchor: Signature
  leaf: Leaf
}

/** readMessage reads an exchange and rebuilds the transaction that anchored it. */
export function readMessage(x: Exchange, chainID: string): Message {
  const { anchor, leaf } = x
  const [c, signature] = as('non_canonical', () => {
    const jws = parseJWS(x.envelope, 'theriac+jws')
    const c = whole(fromUTF8(jws.payload), claims)
    must(c.iat <= c.exp && c.prev.length <= 64)
    return [c, jws.signature] as const
  })
  refuseUnless(anchor.signature.length === 64, 'bad_signature')
  const envelope = utf8(x.envelope)
  const payload = writeMap({
    1: writeText(chainID),
    2: writeText('exchange'),
    3: writeText(c.aud),
    4: writeBytes(fromText(anchor.id)),
    5: writeInt(anchor.time),
    6: writeBytes(
      writeMap({
        1: writeBytes(envelope),
        2: writeBytes(writeList(x.body.map(encodeField))),
        3: writeBytes(fromText(anchor.paper)),
      }),
    ),
  })
  const header = writeBytes(writeMap({ 1: writeInt(-7n), 4: writeBytes(fromText(anchor.kid)), 16: writeText('application/theriac-tx') }))
  const tx = writeList([header, writeMap({}), writeBytes(payload), writeBytes(anchor.signature)])
  // RFC 9052 section 4.4.
  const signed = writeList([writeText('Signature1'), header, writeBytes(new Uint8Array()), writeBytes(payload)])
  return {
    claims: c,
    signature,
    bc: sum(envelope),
    paper: sum(signature.bytes),
    paperBC: anchor.paper,
    anchor: { kid: anchor.kid, signed, bytes: anchor.signature },
    leaf: { index: leaf.index, hash: logLeaf(sha256(tx), c.aud, fromText(anchor.id), leaf.height, leaf.time) },
  }
}

/** shown is the JSON of the fields that are shown. */
export const shown = (body: Field[]): string =>
  `{${body
    .filter((f) => f.name !== '')
    .map((f) => `${JSON.stringify(f.name)}:${f.value}`)
    .join(',')}}`
