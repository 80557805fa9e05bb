// Is a header the chain's? From pinned validators (docs/formats.md, "Headers").

import { type Bytes, compare, concat, type Digest, fromText, must, same, toText, utf8, zeroDigest } from './bytes'
import { leafHash, root } from './merkle'
import { sha256 } from './sha256'

export interface Time {
  text: string
  seconds: number
  nanos: number
}

export interface Validator {
  key: Bytes
  power: number
}

export interface BlockID {
  hash: Digest
  partsHash: Digest
  partsTotal: number
}

export interface Vote {
  address: Bytes
  flag: number
  signature: Bytes
  timestamp: Time | null
}

export interface Header {
  appHash: Digest
  chainID: string
  consensusHash: Digest
  dataHash: Digest
  evidenceHash: Digest
  height: number
  lastBlockID: BlockID
  lastCommitHash: Digest
  lastResultsHash: Digest
  nextValidatorsHash: Digest
  proposerAddress: Bytes
  time: Time | null
  validatorsHash: Digest
  version: { app: number; block: number }
}

export interface LightBlock {
  commit: { blockID: BlockID; height: number; round: number; signatures: Vote[] }
  header: Header
  validators: Validator[]
}

const none = new Uint8Array()
const [absent, forBlock, forNil] = [1, 2, 3]
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
const pBlockID = (id: BlockID) => concat(pDigest(1, id.hash), pMessage(2, pInt(1, id.partsTotal), pDigest(2, id.partsHash)))

function headerHash(h: Header, at: Time): Digest {
  const fields = [
    concat(pInt(1, h.version.block), pInt(2, h.version.app)),
    pBytes(1, utf8(h.chainID)),
    pInt(1, h.height),
    pTime(at),
    pBlockID(h.lastBlockID),
    ...[
      h.lastCommitHash,
      h.dataHash,
      h.validatorsHash,
      h.nextValidatorsHash,
      h.consensusHash,
      h.appHash,
      h.lastResultsHash,
      h.evidenceHash,
    ].map((d) => pDigest(1, d)),
    pBytes(1, h.proposerAddress),
  ]
  return toText(root(fields.map(leafHash)))
}

const setHash = (set: Validator[]): Digest =>
  toText(root(set.map((v) => leafHash(concat(pMessage(1, pBytes(1, v.key)), pInt(2, v.power))))))

const address = (v: Validator) => sha256(v.key).subarray(0, 20)

function signBytes(b: LightBlock, vote: Vote, at: Time): Bytes {
  const message = concat(
    pInt(1, 2), // a precommit
    pFixed(2, b.commit.height),
    pFixed(3, b.commit.round),
    vote.flag === forBlock ? pMessage(4, pBlockID(b.commit.blockID)) : none,
    pMessage(5, pTime(at)),
    pBytes(6, utf8(b.header.chainID)),
  )
  return concat(varint(message.length), message)
}

// The y coordinates of the points whose order divides the cofactor 8. Under such a key
// one signature serves every message, and browsers differ on whether they take it.
const smallOrder = [
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '00'.repeat(32),
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]

function checkKey(key: Bytes): void {
  must(key.length === 32, 'key of another size')
  const y = key.slice()
  y[31] = (y[31] as number) & 0x7f
  // The prime is 2^255 - 19: a coordinate beyond it is a second spelling (RFC 8032 section 5.1.3).
  must((y[0] as number) < 0xed || y[31] !== 0x7f || y.subarray(1, 31).some((b) => b !== 0xff), 'key with an unreduced coordinate')
  must(!smallOrder.includes([...y].map((b) => b.toString(16).padStart(2, '0')).join('')), 'key of small order')
}

/** checkSet throws NotCanonical unless the set stands by falling power, then by rising address, each key once. */
export function checkSet(set: Validator[]): void {
  must(set.length > 0 && set.length <= 10_000, `${set.length} validators`)
  const seen = new Set<string>()
  let total = 0n
  set.forEach((v, i) => {
    checkKey(v.key)
    must(!seen.has(toText(v.key)), 'a validator twice')
    seen.add(toText(v.key))
    total += BigInt(v.power)
    must(v.power > 0 && total <= maxPower, `power ${v.power}`)
    const before = set[i - 1]
    must(
      !before || before.power > v.power || (before.power === v.power && compare(address(before), address(v)) < 0),
      'validators out of order',
    )
  })
}

function checkVote(v: Vote, by: Validator): void {
  if (v.flag === absent) {
    must(v.address.length === 0 && v.signature.length === 0 && v.timestamp === null, 'vote absent and not empty')
    return
  }
  must(v.flag === forBlock || v.flag === forNil, `flag ${v.flag}`)
  must(same(v.address, address(by)), 'vote of another validator')
  must(v.signature.length === 64 && v.timestamp !== null, 'vote without signature or time')
}

/** check throws unless header, commit and set are of one block; it looks at no signature and at no trust. */
function check(b: LightBlock, chainID: string): void {
  const { commit: c, header: h } = b
  must(h.chainID === chainID, 'header of another chain')
  must(h.version.block === 11 && h.height > 0 && h.proposerAddress.length === 20, 'malformed header')
  checkSet(b.validators)
  must(c.round >= 0 && c.blockID.partsHash !== zeroDigest && c.blockID.partsTotal > 0, 'malformed commit')
  must(c.signatures.length === b.validators.length, `${c.signatures.length} votes of ${b.validators.length} validators`)
  c.signatures.forEach((v, i) => {
    checkVote(v, b.validators[i] as Validator)
  })
  must(c.height === h.height, 'commit of another height')
  must(h.time !== null && c.blockID.hash !== zeroDigest && headerHash(h, h.time) === c.blockID.hash, 'commit to another header')
  must(setHash(b.validators) === h.validatorsHash, 'header names another validator set')
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
    if (v.flag === forBlock) voted.add(toText((b.validators[i] as Validator).key))
  })
  let [signed, total] = [0n, 0n]
  for (const v of set) {
    total += BigInt(v.power)
    if (voted.has(toText(v.key))) signed += BigInt(v.power)
  }
  return [signed, total]
}

const after = (a: Time, b: Time) => a.seconds > b.seconds || (a.seconds === b.seconds && a.nanos > b.nanos)

function follows(a: Anchor, h: Header): void {
  if (!a.header) {
    must(h.height >= a.height, 'height before the trust root')
    return
  }
  must(h.height > a.height && after(h.time as Time, a.header.time as Time), 'headers do not rise')
}

/** vouches throws unless the block's set follows from what is trusted. */
function vouches(a: Anchor, b: LightBlock): void {
  const h = b.header
  if (h.height === a.height) {
    must(h.validatorsHash === setHash(a.validators), 'another set at the trusted height')
  } else if (a.header && h.height === a.height + 1) {
    must(h.validatorsHash === a.header.nextValidatorsHash, 'another set was announced')
  } else {
    // More than a third contains an honest validator while less than a third is faulty.
    const [signed, total] = tally(a.validators, b)
    must(3n * signed > total, 'trusted validators do not vouch for the block')
  }
}

async function verifyVote(b: LightBlock, i: number): Promise<boolean> {
  const vote = b.commit.signatures[i] as Vote
  if (vote.flag === absent) return true
  try {
    const key = await crypto.subtle.importKey('raw', (b.validators[i] as Validator).key, 'Ed25519', false, ['verify'])
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
  must(path.length > 0 && path.length <= 16, `path of ${path.length} blocks`)
  let at: Anchor = { height, validators }
  for (const b of path) {
    check(b, chainID)
    follows(at, b.header)
    vouches(at, b)
    const [signed, total] = tally(b.validators, b)
    must(3n * signed > 2n * total, 'two thirds or less signed')
    at = { height: b.header.height, validators: b.validators, header: b.header }
  }
  const good = await Promise.all(path.flatMap((b) => b.validators.map((_, i) => verifyVote(b, i))))
  must(good.every(Boolean), 'a vote does not verify')
  return at.header as Header & { time: Time }
}
