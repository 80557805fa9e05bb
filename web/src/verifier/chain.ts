// What the ledger holds (docs/formats.md, "State"), read from its CBOR: the entries of
// a map in the order of their labels. Times are milliseconds; integers stay bigint,
// since a record may hold any of 64 bits.

import type { Root } from './bundle'
import { type Bytes, concat, type Digest, fromText, must, toText, u32, u64, utf8, zeroDigest } from './bytes'
import { encode, hash } from './canon'
import { bytes, digest, int, list, map, type Source, text, uint, upTo } from './cbor'
import { leafHash } from './merkle'
import { may } from './schema'

const small = (s: Source) => Number(upTo(255n)(s))
const texts = list(text)

// Go's zero time, which stands for a count of zero: never.
const never = -62_135_596_800_000n

/** time returns a ledger's count as a time that compares as in Go: never is before everything. */
export const time = (ms: bigint): bigint => (ms === 0n ? never : ms)
const timeOf = (s: Source) => time(int(s))

/** date returns a time for people; no calendar need have it. */
export const date = (ms: bigint) => new Date(Number(ms))

/** A Validity says when a key counts. */
export interface Validity {
  from: bigint
  until: bigint
  revoked: bigint
}

/** countsAt reports whether the key counts at a time: from ≤ t, t < until, t < revoked. */
export const countsAt = (k: Validity, t: bigint) =>
  t >= k.from && (k.until === never || t < k.until) && (k.revoked === never || t < k.revoked)

export const member = map({
  gln: text,
  name: text,
  roles: texts,
  endpoint: text,
  prefixes: texts,
  sealKey: bytes,
  status: small,
  since: int,
  keys: list(map({ point: bytes, from: timeOf, until: timeOf, revoked: timeOf })),
})
export type Member = ReturnType<typeof member>

export const certificate = map({
  number: text,
  issuer: text,
  holder: text,
  gtins: texts,
  digest,
  anchor: digest,
  from: int,
  until: int,
  status: small,
  since: int,
})
export type CertificateRecord = ReturnType<typeof certificate>

export const product = map({ gtin: text, holder: text, status: small, since: int, by: text })

const release = map({
  gtin: text,
  lot: text,
  expiry: text,
  size: uint,
  root: digest,
  certificate: may(text, ''),
  transformation: may(digest, zeroDigest),
  materials: may(list(digest), []),
  initial: small,
  evidence: may(digest, zeroDigest),
  codes: may(digest, zeroDigest),
})

export const batch = map({ release, holder: text, at: int, index: uint, status: small, since: int, by: text })
export type Batch = ReturnType<typeof batch>

const pages = map({
  states: may(bytes, new Uint8Array()),
  custody: may(list(map({ end: upTo(65_535n), holder: text })), []),
  freed: may(uint, 0n),
})
export const page = (s: Source) => {
  const p = pages(s)
  must(p.states.length === 0 || p.states.length === pageUnits / 2)
  return p
}

export const alert = map({
  code: text,
  batch: digest,
  ranges: list(map({ from: uint, to: uint })),
  by: text,
  at: timeOf,
  index: uint,
})
export type Alert = ReturnType<typeof alert>

export const evidence = map({ media: text, at: int, index: uint })

/** pageUnits is the number of packs on a page. */
export const pageUnits = 2048

export const active = 1
export const dispensed = 2
export const released = 1
export const valid = 1

const states = ['inactive', 'active', 'dispensed', 'destroyed', 'exported', 'sampled', 'locked', 'stolen', 'returned']
export const stateName = (state: number) => states[state] ?? `state ${state}`

/** A Span names packs of a batch: those of the ranges. */
export interface Span {
  batch: Digest
  ranges: { from: bigint; to: bigint }[]
}

/** covers reports whether a pack is one of them. */
export const covers = (s: Span, batch: Digest, index: bigint): boolean =>
  s.batch === batch && s.ranges.some((r) => r.from <= index && index < r.to)

/** A key of the state is a word, a slash and parts; as base64url it is the name of a record. */
export const recordName = (word: string, ...parts: Uint8Array[]): string => toText(concat(utf8(`${word}/`), ...parts))
export const unitsName = (id: Digest, index: bigint) =>
  recordName('units', fromText(id), u32(Number(BigInt.asUintN(32, index / BigInt(pageUnits)))))

/** appHash is what a block's header commits to. */
export const appHash = (r: Root): Digest =>
  toText(hash('theriac/app/1', u64(r.version), u64(r.log_size), fromText(r.log_root), fromText(r.state_root)))

/** logLeaf is the leaf of a transaction that changed the state. */
export function logLeaf(tx: Uint8Array, sender: string, id: Uint8Array, height: bigint, at: bigint): Bytes {
  const operation = hash('theriac/operation/1', utf8(sender), id)
  return leafHash(encode('theriac/leaf/1', tx, operation, Uint8Array.of(1), u64(height), u64(at)))
}
