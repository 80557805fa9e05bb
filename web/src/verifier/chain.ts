// What the ledger holds (docs/formats.md, "State"), read from its CBOR. Times are
// milliseconds; integers stay bigint, since a record may hold any of 64 bits.

import { type Bytes, concat, type Digest, fromText, must, toText, u32, u64, utf8 } from './bytes'
import { encode, hash } from './canon'
import type { Decoder } from './cbor'
import { leafHash } from './merkle'

const text = (d: Decoder) => d.text()
const bytes = (d: Decoder) => d.string()
const digest = (d: Decoder) => d.digest()
const int = (d: Decoder) => d.int()
const uint = (d: Decoder) => d.uint()
const small = (d: Decoder) => Number(d.uint(255n))
const texts = (d: Decoder) => d.list(text)
const digests = (d: Decoder) => d.list(digest)

// Go's zero time, which stands for a count of zero: never.
const never = -62_135_596_800_000n

/** time returns a ledger's count as a time that compares as in Go: never is before everything. */
export const time = (ms: bigint): bigint => (ms === 0n ? never : ms)

/** iso writes a time for people, if a calendar has it. */
export function iso(ms: bigint): string {
  const at = new Date(Number(ms))
  return Number.isNaN(at.getTime()) ? `${ms} ms` : `${at.toISOString().slice(0, -5)}Z`
}

/** A Validity says when a key counts. */
export interface Validity {
  from: bigint
  until: bigint
  revoked: bigint
}

/** countsAt reports whether the key counts at a time: from ≤ t, t < until, t < revoked. */
export const countsAt = (k: Validity, t: bigint) =>
  t >= k.from && (k.until === never || t < k.until) && (k.revoked === never || t < k.revoked)

export const member = (d: Decoder) =>
  d.map((e) => ({
    gln: e.need(1, text),
    name: e.need(2, text),
    roles: e.need(3, texts),
    endpoint: e.need(4, text),
    prefixes: e.need(5, texts),
    sealKey: e.need(6, bytes),
    status: e.need(7, small),
    since: e.need(8, int),
    keys: e.need(9, (d) => d.list(memberKey)),
  }))
export type Member = ReturnType<typeof member>

const memberKey = (d: Decoder) =>
  d.map((e) => ({
    point: e.need(1, bytes),
    from: time(e.need(2, int)),
    until: time(e.need(3, int)),
    revoked: time(e.need(4, int)),
  }))

export const certificate = (d: Decoder) =>
  d.map((e) => ({
    number: e.need(1, text),
    issuer: e.need(2, text),
    holder: e.need(3, text),
    gtins: e.need(4, texts),
    digest: e.need(5, digest),
    anchor: e.need(6, digest),
    from: e.need(7, int),
    until: e.need(8, int),
    status: e.need(9, small),
    since: e.need(10, int),
  }))
export type CertificateRecord = ReturnType<typeof certificate>

export const product = (d: Decoder) =>
  d.map((e) => ({ gtin: e.need(1, text), holder: e.need(2, text), status: e.need(3, small), since: e.need(4, int), by: e.need(5, text) }))

const release = (d: Decoder) =>
  d.map((e) => ({
    gtin: e.need(1, text),
    lot: e.need(2, text),
    expiry: e.need(3, text),
    size: e.need(4, uint),
    root: e.need(5, digest),
    certificate: e.may(6, text) ?? '',
    transformation: e.may(7, digest),
    materials: e.may(8, digests) ?? [],
    initial: e.need(9, small),
    evidence: e.may(10, digest),
  }))

export const batch = (d: Decoder) =>
  d.map((e) => ({
    release: e.need(1, release),
    holder: e.need(2, text),
    at: e.need(3, int),
    index: e.need(4, uint),
    status: e.need(5, small),
    since: e.need(6, int),
    by: e.need(7, text),
  }))
export type Batch = ReturnType<typeof batch>

const run = (d: Decoder) => d.map((e) => ({ end: e.need(1, (d) => d.uint(65_535n)), holder: e.need(2, text) }))

export const page = (d: Decoder) => {
  const p = d.map((e) => ({
    states: e.may(1, bytes) ?? new Uint8Array(),
    custody: e.may(2, (d) => d.list(run)) ?? [],
    freed: e.may(3, uint) ?? 0n,
  }))
  must(p.states.length === 0 || p.states.length === pageUnits / 2, 'a page of another size')
  return p
}

export const evidence = (d: Decoder) => d.map((e) => ({ media: e.need(1, text), at: e.need(2, int), index: e.need(3, uint) }))

/** pageUnits is the number of packs on a page. */
export const pageUnits = 2048

export const active = 1
export const dispensed = 2
export const released = 1
export const valid = 1

const states = ['inactive', 'active', 'dispensed', 'destroyed', 'exported', 'sampled', 'locked', 'stolen', 'returned']
export const stateName = (state: number) => states[state] ?? `state ${state}`
export const statusName = (status: number) => ['', 'released', 'recalled', 'withdrawn'][Math.min(status, 3)] as string

/** A key of the state is a word, a slash and parts; as base64url it is the name of a record. */
export const recordName = (word: string, ...parts: Uint8Array[]): string => toText(concat(utf8(`${word}/`), ...parts))
export const unitsName = (id: Digest, index: bigint) =>
  recordName('units', fromText(id), u32(Number(BigInt.asUintN(32, index / BigInt(pageUnits)))))

export interface Root {
  logRoot: Digest
  logSize: bigint
  stateRoot: Digest
  version: bigint
}

/** appHash is what a block's header commits to. */
export const appHash = (r: Root): Digest =>
  toText(hash('theriac/app/1', u64(r.version), u64(r.logSize), fromText(r.logRoot), fromText(r.stateRoot)))

/** logLeaf is the leaf of a transaction that changed the state. */
export function logLeaf(tx: Uint8Array, sender: string, id: Uint8Array, height: bigint, at: bigint): Bytes {
  const operation = hash('theriac/operation/1', utf8(sender), id)
  return leafHash(encode('theriac/leaf/1', tx, operation, Uint8Array.of(1), u64(height), u64(at)))
}
