// The signed message, and the transaction that anchored it (docs/formats.md, "Messages").

import { digest, type Exchange, type Field } from './bundle'
import { type Bytes, type Digest, fromText, fromUTF8, must, utf8, zeroDigest } from './bytes'
import { encode, hash, sum } from './canon'
import * as cbor from './cbor'
import { logLeaf } from './chain'
import { Reader, text } from './json'
import type { Signature } from './key'
import { type Leaf, leafHash, root } from './merkle'
import { as, refuse } from './refusal'
import { sha256 } from './sha256'

export interface Claims {
  aud: string
  bodyDigest: Digest
  case: string
  iss: string
  prev: Digest[]
  type: string
}

export interface JWS {
  payload: Bytes
  signature: Signature
}

const kidAt = '{"alg":"ES256","kid":"'.length

/** parseJWS reads a compact JWS, of which the header can be one only: no algorithm to confuse, no key to believe. */
export function parseJWS(raw: string, typ: string): JWS {
  const parts = raw.split('.')
  must(parts.length === 3, 'JWS of another number of parts')
  const [header, payload, signature] = parts.map((p) => fromText(p)) as [Bytes, Bytes, Bytes]
  must(signature.length === 64, 'JWS signature of another size')
  const head = fromUTF8(header)
  const kid = head.slice(kidAt, kidAt + 43)
  must(fromText(kid, 32) && head === `{"alg":"ES256","kid":"${kid}","typ":"${typ}"}`, 'JWS header')
  return { payload, signature: { kid, signed: utf8(`${parts[0]}.${parts[1]}`), bytes: signature } }
}

const name = (r: Reader) => {
  const s = r.string()
  must(/^[A-Za-z0-9\-._:/]{1,64}$/.test(s), 'claim')
  return s
}

const claims = (r: Reader): Claims => {
  const c = r.object((m) => ({
    aud: m.need('aud', name),
    bodyDigest: m.need('body_digest', digest),
    case: m.need('case', name),
    exp: m.need('exp', (r) => r.integer(0n, (1n << 53n) - 1n)),
    iat: m.need('iat', (r) => r.integer(0n, (1n << 53n) - 1n)),
    iss: m.need('iss', name),
    jti: fromText(m.need('jti', text), 16),
    prev: m.need('prev', (r) => r.list(digest)),
    type: m.need('type', name),
  }))
  must(c.iat <= c.exp && c.prev.length <= 64, 'claims')
  return c
}

/** bodyDigest is the same for every way of withholding fields. */
export function bodyDigest(body: Field[]): Uint8Array {
  const leaves = body.map((f) =>
    f.name === '' ? fromText(f.hash) : leafHash(encode('theriac/field/1', utf8(f.name), f.salt, utf8(f.value))),
  )
  return hash('theriac/body/1', Uint8Array.of(body.length & 255), root(leaves))
}

function encodeField(f: Field): Bytes {
  const entries: [number, Uint8Array][] = []
  if (f.name !== '') entries.push([1, cbor.text(f.name)])
  if (f.salt.some((b) => b !== 0)) entries.push([2, cbor.string(f.salt)])
  if (f.value !== '') entries.push([3, cbor.string(utf8(f.value))])
  if (f.hash !== zeroDigest) entries.push([4, cbor.string(fromText(f.hash))])
  return cbor.map(entries)
}

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
  const jws = as('non_canonical', 'the message is not in its one canonical form', () => parseJWS(x.envelope, 'theriac+jws'))
  const c = as('non_canonical', 'the message is not in its one canonical form', () => Reader.whole(fromUTF8(jws.payload), claims))
  if (x.anchor.signature.length !== 64) refuse('bad_signature', 'the signature does not verify')
  const envelope = utf8(x.envelope)
  const argument = cbor.map([
    [1, cbor.string(envelope)],
    [2, cbor.string(cbor.list(x.body.map(encodeField)))],
    [3, cbor.string(fromText(x.anchor.paper))],
  ])
  const payload = cbor.map([
    [1, cbor.text(chainID)],
    [2, cbor.text('exchange')],
    [3, cbor.text(c.aud)],
    [4, cbor.string(x.anchor.id)],
    [5, cbor.integer(x.anchor.time)],
    [6, cbor.string(argument)],
  ])
  const header = cbor.map([
    [1, cbor.integer(-7n)],
    [4, cbor.string(fromText(x.anchor.kid))],
    [16, cbor.text('application/theriac-tx')],
  ])
  const tx = cbor.list([cbor.string(header), cbor.map([]), cbor.string(payload), cbor.string(x.anchor.signature)])
  // RFC 9052 section 4.4.
  const signed = cbor.list([cbor.text('Signature1'), cbor.string(header), cbor.string(new Uint8Array()), cbor.string(payload)])
  return {
    claims: c,
    signature: jws.signature,
    bc: sum(envelope),
    paper: sum(jws.signature.bytes),
    paperBC: x.anchor.paper,
    anchor: { kid: x.anchor.kid, signed, bytes: x.anchor.signature },
    leaf: { index: x.leaf.index, hash: logLeaf(sha256(tx), c.aud, x.anchor.id, x.leaf.height, x.leaf.time) },
  }
}

/** shown is the JSON of the fields that are shown. */
export const shown = (body: Field[]): string =>
  `{${body
    .filter((f) => f.name !== '')
    .map((f) => `${JSON.stringify(f.name)}:${f.value}`)
    .join(',')}}`
