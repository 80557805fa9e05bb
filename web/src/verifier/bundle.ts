// The form of a bundle (docs/formats.md, "Bundle").

import { type Bytes, type Digest, fromText, fromUTF8, must, toText, zeroDigest } from './bytes'
import type { Root } from './chain'
import { isGTIN, isItem } from './gs1'
import type { BlockID, Header, LightBlock, Time, Validator, Vote } from './headers'
import { Reader, text } from './json'
import { as, refuse } from './refusal'

/** A Field of a body is shown, by its name, or withheld. The value is RFC 8785 JSON. */
export interface Field {
  hash: Digest
  name: string
  salt: Bytes
  value: string
}

export interface Exchange {
  anchor: { id: Bytes; kid: Digest; paper: Digest; signature: Bytes; time: bigint }
  body: Field[]
  envelope: string
  leaf: { height: bigint; index: bigint; time: bigint }
  type: string
}

export interface Pack {
  expiry: string
  gtin: string
  lot: string
  salt: Bytes
  serial: string
}

/** A Record is one of the state, or the proof that there is none. */
export interface StateRecord {
  bucket: Uint8Array[]
  key: Bytes
  siblings: Uint8Array[]
  value?: Bytes | undefined
}

export interface Bundle {
  chain: LightBlock[]
  document?: Bytes | undefined
  exchanges: Exchange[]
  log: Uint8Array[]
  pack: { index: bigint; pack: Pack; path: Uint8Array[] }
  root: Root
  state: StateRecord[]
  transformation?: Bytes | undefined
}

const maxBundle = 32 << 20

export const digest = (r: Reader): Digest => {
  const d = r.string()
  fromText(d, 32)
  return d
}
export const bytes = (r: Reader): Bytes => fromText(r.string())
const id = (r: Reader): Bytes => fromText(r.string(), 16)
export const uint = (r: Reader): bigint => r.integer(0n, (1n << 64n) - 1n)
export const int = (r: Reader): bigint => r.integer(-(1n << 63n), (1n << 63n) - 1n)
const safe = (r: Reader): number => Number(r.integer(0n, (1n << 53n) - 1n))
const within = (least: bigint, most: bigint) => (r: Reader) => Number(r.integer(least, most))

const hashes = (r: Reader): Uint8Array[] => {
  const b = bytes(r)
  must(b.length % 32 === 0, 'hashes of another size')
  return Array.from({ length: b.length / 32 }, (_, i) => b.subarray(32 * i, 32 * i + 32))
}

/** held reads a text of which the caller says what it may be. */
export const held = (ok: (s: string) => boolean, what: string) => (r: Reader) => {
  const s = r.string()
  must(ok(s), what)
  return s
}
export const gtin = held(isGTIN, 'no GTIN')
export const item = held(isItem, 'no lot or serial')

// The empty text is the time that an absent vote has.
const time = (r: Reader): Time | null => {
  const s = r.string()
  if (s === '') return null
  const m = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z$/.exec(s)
  const [, to, fraction] = m ?? []
  must(to && fraction && !s.startsWith('0000') && s !== '0001-01-01T00:00:00.000000000Z', 'time')
  const ms = Date.parse(`${to}Z`)
  // Some parsers take the 30th of February.
  must(!Number.isNaN(ms) && new Date(ms).toISOString().startsWith(to), 'no such time')
  return { text: s, seconds: ms / 1000, nanos: Number(fraction) }
}

const blockID = (r: Reader): BlockID =>
  r.object((m) => ({
    hash: m.need('hash', digest),
    partsHash: m.need('parts_hash', digest),
    partsTotal: m.need('parts_total', within(0n, (1n << 32n) - 1n)),
  }))

const vote = (r: Reader): Vote =>
  r.object((m) => ({
    address: m.need('address', bytes),
    flag: m.need('flag', within(0n, 255n)),
    signature: m.need('signature', bytes),
    timestamp: m.need('timestamp', time),
  }))

const header = (r: Reader): Header =>
  r.object((m) => ({
    appHash: m.need('app_hash', digest),
    chainID: m.need('chain_id', text),
    consensusHash: m.need('consensus_hash', digest),
    dataHash: m.need('data_hash', digest),
    evidenceHash: m.need('evidence_hash', digest),
    height: m.need('height', safe),
    lastBlockID: m.need('last_block_id', blockID),
    lastCommitHash: m.need('last_commit_hash', digest),
    lastResultsHash: m.need('last_results_hash', digest),
    nextValidatorsHash: m.need('next_validators_hash', digest),
    proposerAddress: m.need('proposer_address', bytes),
    time: m.need('time', time),
    validatorsHash: m.need('validators_hash', digest),
    version: m.need('version', (r) => r.object((m) => ({ app: m.need('app', safe), block: m.need('block', safe) }))),
  }))

const validator = (r: Reader): Validator => r.object((m) => ({ key: m.need('key', bytes), power: m.need('power', safe) }))

const lightBlock = (r: Reader): LightBlock =>
  r.object((m) => ({
    commit: m.need('commit', (r) =>
      r.object((m) => ({
        blockID: m.need('block_id', blockID),
        height: m.need('height', safe),
        round: m.need('round', within(-(1n << 31n), (1n << 31n) - 1n)),
        signatures: m.need('signatures', (r) => r.list(vote)),
      })),
    ),
    header: m.need('header', header),
    validators: m.need('validators', (r) => r.list(validator)),
  }))

// A member that would say nothing is left out.
const field = (r: Reader): Field =>
  r.object((m) => ({
    hash:
      m.may(
        'hash',
        held((s) => s !== zeroDigest && fromText(s, 32).length > 0, 'no hash'),
      ) ?? zeroDigest,
    name:
      m.may(
        'name',
        held((s) => s !== '', 'no name'),
      ) ?? '',
    salt: fromText(
      m.may(
        'salt',
        held((s) => s !== 'A'.repeat(22), 'no salt'),
      ) ?? 'A'.repeat(22),
      16,
    ),
    value: m.may('value', (r) => r.raw()) ?? '',
  }))

const exchange = (r: Reader): Exchange =>
  r.object((m) => ({
    anchor: m.need('anchor', (r) =>
      r.object((m) => ({
        id: m.need('id', id),
        kid: m.need('kid', digest),
        paper: m.need('paper', digest),
        signature: m.need('signature', bytes),
        time: m.need('time', int),
      })),
    ),
    body: m.need('body', (r) => r.list(field)),
    envelope: m.need('envelope', text),
    leaf: m.need('leaf', (r) =>
      r.object((m) => ({ height: m.need('height', int), index: m.need('index', uint), time: m.need('time', int) })),
    ),
    type: m.need('type', text),
  }))

const pack = (r: Reader): Pack =>
  r.object((m) => ({
    expiry: m.need('expiry', text),
    gtin: m.need('gtin', gtin),
    lot: m.need('lot', item),
    salt: m.need('salt', id),
    serial: m.need('serial', item),
  }))

const root = (r: Reader): Root =>
  r.object((m) => ({
    logRoot: m.need('log_root', digest),
    logSize: m.need('log_size', uint),
    stateRoot: m.need('state_root', digest),
    version: m.need('version', uint),
  }))

const stateRecord = (r: Reader): StateRecord =>
  r.object((m) => ({
    bucket: m.need('bucket', hashes),
    key: m.need('key', bytes),
    siblings: m.need('siblings', hashes),
    value: m.may('value', bytes),
  }))

const bundle = (r: Reader): Bundle & { type: string } =>
  r.object((m) => ({
    chain: m.need('chain', (r) => r.list(lightBlock)),
    document: m.may('document', bytes),
    exchanges: m.need('exchanges', (r) => r.list(exchange)),
    log: m.need('log', hashes),
    pack: m.need('pack', (r) =>
      r.object((m) => ({ index: m.need('index', uint), pack: m.need('pack', pack), path: m.need('path', hashes) })),
    ),
    root: m.need('root', root),
    state: m.need('state', (r) => r.list(stateRecord)),
    transformation: m.may('transformation', bytes),
    type: m.need(
      'type',
      held((s) => s === 'theriac/bundle/1', 'another type'),
    ),
  }))

/** parseBundle reads a bundle and throws a Refusal (bad_bundle) for anything but the one spelling of one. It verifies nothing. */
export function parseBundle(raw: Uint8Array): Bundle {
  if (raw.length > maxBundle) refuse('bad_bundle', `the evidence cannot be read: ${raw.length} bytes`)
  return as('bad_bundle', 'the evidence cannot be read', () => Reader.whole(fromUTF8(raw), bundle))
}

/** nameOf is the name of a record in a map. */
export const nameOf = (r: StateRecord): string => toText(r.key)
