// Is a header the chain's? From pinned validators (docs/formats.md, "Headers").

import type { BlockID, Header, LightBlock, Time, Validator, Vote } from './bundle'
import { type Bytes, compare, concat, type Digest, fromText, must, same, toText, utf8, zeroDigest } from './bytes'
import { number } from './key'
import { leafHash, root } from './merkle'
import { sha256 } from './sha256'

const none = new Uint8Array()
const absent = 1
const forBlock = 2
const forNil = 3
const maxPower = (2n ** 63n - 1n) / 8n

// Protobuf: fields rise, zero values are left out, all labels are below 16.

function varint(n: number): Bytes {
  const out: number[] = []
  let left = BigInt.asUintN(64, BigInt(n))
  for (; left > 127n; left >>= 7n) out.push(Number(left & 127n) | 128)
  return Uint8Array.of(...out, Number(left))
}
const pInt = (field: number, n: number) => (n === 0 ? none : concat(Uint8Array.of(field << 3), varint(n)))
function pFixed(field: number, n: number): Bytes {
  if (n === 0) return none
  const out = new Uint8Array(9)
  out[0] = (field << 3) | 1
  new DataView(out.buffer).setBigInt64(1, BigInt(n), true)
  return out
}
function pMessage(field: number, ...parts: Uint8Array[]): Bytes {
  const message = concat(...parts)
  return concat(Uint8Array.of((field << 3) | 2), varint(message.length), message)
}
const pBytes = (field: number, b: Uint8Array) => (b.length === 0 ? none : pMessage(field, b))
const pDigest = (field: number, d: Digest) => (d === zeroDigest ? none : pMessage(field, fromText(d)))
const pTime = (t: Time) => concat(pInt(1, t.seconds), pInt(2, t.nanos))
const pBlockID = (id: BlockID) => concat(pDigest(1, id.hash), pMessage(2, pInt(1, id.parts_total), pDigest(2, id.parts_hash)))

function headerHash(h: Header, at: Time): Digest {
  const hashes = [
    h.last_commit_hash,
    h.data_hash,
    h.validators_hash,
    h.next_validators_hash,
    h.consensus_hash,
    h.app_hash,
    h.last_results_hash,
    h.evidence_hash,
  ]
  const fields = [
    concat(pInt(1, h.version.block), pInt(2, h.version.app)),
    pBytes(1, utf8(h.chain_id)),
    pInt(1, h.height),
    pTime(at),
    pBlockID(h.last_block_id),
    ...hashes.map((d) => pDigest(1, d)),
    pBytes(1, h.proposer_address),
  ]
  return toText(root(fields.map(leafHash)))
}

const setHash = (set: Validator[]): Digest =>
  toText(root(set.map((v) => leafHash(concat(pMessage(1, pBytes(1, fromText(v.key))), pInt(2, v.power))))))

const address = (v: Validator) => sha256(fromText(v.key)).subarray(0, 20)

function signBytes(b: LightBlock, vote: Vote, at: Time): Bytes {
  const message = concat(
    pInt(1, 2), // a precommit
    pFixed(2, b.commit.height),
    pFixed(3, b.commit.round),
    vote.flag === forBlock ? pMessage(4, pBlockID(b.commit.block_id)) : none,
    pMessage(5, pTime(at)),
    pBytes(6, utf8(b.header.chain_id)),
  )
  return concat(varint(message.length), message)
}

const p = 2n ** 255n - 19n

/** checkKey throws for a key with a second spelling, and for one of small order. */
function checkKey(key: Bytes): void {
  must(key.length === 32)
  const y = BigInt.asUintN(255, number(key.reverse()))
  must(y < p) // RFC 8032 section 5.1.3
  // Under a point whose order divides the cofactor 8 one signature serves every message,
  // and browsers differ on whether they take it. Up to order 4 y is 0, 1 or -1. Twice a
  // point of order 8 has y = 0, so x² = -y² in -x² + y² = 1 - (121665/121666)x²y².
  const square = y * y
  must((y * (square - 1n) * (121_665n * square * square - 243_332n * square + 121_666n)) % p !== 0n)
}

/** checkSet throws unless the set stands by falling power, then by rising address, each key once. */
export function checkSet(set: Validator[]): void {
  must(set.length > 0 && set.length <= 10_000)
  let total = 0n
  set.forEach((v, i) => {
    checkKey(fromText(v.key))
    total += BigInt(v.power)
    must(v.power > 0 && total <= maxPower)
    const before = set[i - 1]
    must(!before || before.power > v.power || (before.power === v.power && compare(address(before), address(v)) < 0))
  })
  must(new Set(set.map((v) => v.key)).size === set.length)
}

function checkVote(v: Vote, by: Validator): void {
  if (v.flag === absent) {
    must(v.address.length === 0 && v.signature.length === 0 && v.timestamp === null)
    return
  }
  must(v.flag === forBlock || v.flag === forNil)
  must(same(v.address, address(by)) && v.signature.length === 64 && v.timestamp !== null)
}

/** check throws unless header, commit and set are of one block; it looks at no signature and at no trust. */
function check(b: LightBlock, chainID: string): void {
  const { commit: c, header: h } = b
  must(h.chain_id === chainID && h.version.block === 11 && h.height > 0 && h.proposer_address.length === 20)
  checkSet(b.validators)
  must(c.round >= 0 && c.block_id.parts_hash !== zeroDigest && c.block_id.parts_total > 0)
  must(c.height === h.height && c.signatures.length === b.validators.length)
  c.signatures.forEach((v, i) => {
    checkVote(v, b.validators[i] as Validator)
  })
  must(h.time !== null && c.block_id.hash !== zeroDigest && headerHash(h, h.time) === c.block_id.hash)
  must(setHash(b.validators) === h.validators_hash)
}

/** An Anchor is what is trusted when the next block of a path comes. */
interface Anchor {
  height: number
  validators: Validator[]
  header?: Header
}

/** voted returns how much power of the set voted for the block, and its total. */
function tally(set: Validator[], b: LightBlock): [signed: bigint, total: bigint] {
  const voted = new Set<string>()
  b.commit.signatures.forEach((v, i) => {
    if (v.flag === forBlock) voted.add((b.validators[i] as Validator).key)
  })
  let [signed, total] = [0n, 0n]
  for (const v of set) {
    total += BigInt(v.power)
    if (voted.has(v.key)) signed += BigInt(v.power)
  }
  return [signed, total]
}

const after = (a: Time, b: Time) => a.seconds > b.seconds || (a.seconds === b.seconds && a.nanos > b.nanos)

function follows(a: Anchor, h: Header): void {
  if (!a.header) {
    must(h.height >= a.height)
    return
  }
  must(h.height > a.height && after(h.time as Time, a.header.time as Time))
}

/** vouches throws unless the block's set follows from what is trusted. */
function vouches(a: Anchor, b: LightBlock): void {
  const h = b.header
  if (h.height === a.height) {
    must(h.validators_hash === setHash(a.validators))
  } else if (a.header && h.height === a.height + 1) {
    must(h.validators_hash === a.header.next_validators_hash)
  } else {
    // More than a third contains an honest validator while less than a third is faulty.
    const [signed, total] = tally(a.validators, b)
    must(3n * signed > total)
  }
}

async function verifyVote(b: LightBlock, i: number): Promise<boolean> {
  const vote = b.commit.signatures[i] as Vote
  if (vote.flag === absent) return true
  try {
    const key = await crypto.subtle.importKey('raw', fromText((b.validators[i] as Validator).key), 'Ed25519', false, ['verify'])
    return await crypto.subtle.verify('Ed25519', key, vote.signature, signBytes(b, vote, vote.timestamp as Time))
  } catch {
    return false // some browsers refuse to import what is no point
  }
}

/** lightClient returns the last header of the path, or throws unless the path leads to it from the trusted set. */
export async function lightClient(
  chainID: string,
  height: number,
  validators: Validator[],
  path: LightBlock[],
): Promise<Header & { time: Time }> {
  must(path.length > 0 && path.length <= 16)
  let at: Anchor = { height, validators }
  for (const b of path) {
    check(b, chainID)
    follows(at, b.header)
    vouches(at, b)
    const [signed, total] = tally(b.validators, b)
    must(3n * signed > 2n * total)
    at = { height: b.header.height, validators: b.validators, header: b.header }
  }
  const good = await Promise.all(path.flatMap((b) => b.validators.map((_, i) => verifyVote(b, i))))
  must(good.every(Boolean))
  return at.header as Header & { time: Time }
}
