// The form of a bundle (docs/formats.md, "Bundle"): what stands in it, under its names there.

import { fromUTF8, must, zeroDigest } from './bytes'
import { base64, gtin, hashes, id, int, item, safe, uint, within } from './forms'
import { instant } from './gs1'
import { bytes, digest, exactly, list, object, raw, type Source, text, whole } from './json'
import { as } from './refusal'
import { may } from './schema'

const maxBundle = 32 << 20

export const noSalt = 'A'.repeat(22)

/** A Time is one of a block. */
export interface Time {
  seconds: number
  nanos: number
}

// The empty text is the time that an absent vote has.
const time = (source: Source): Time | null => {
  const s = text(source)
  if (s === '') return null
  const [, to = '', fraction] = /^(.{19})\.(\d{9})Z$/.exec(s) ?? []
  const ms = instant(to)
  must(ms !== undefined && !s.startsWith('0000') && s !== '0001-01-01T00:00:00.000000000Z')
  return { seconds: ms / 1000, nanos: Number(fraction) }
}

const blockID = object({ hash: digest, parts_hash: digest, parts_total: within(0n, (1n << 32n) - 1n) })

const vote = object({ address: bytes, flag: within(0n, 255n), signature: bytes, timestamp: time })

const header = object({
  app_hash: digest,
  chain_id: text,
  consensus_hash: digest,
  data_hash: digest,
  evidence_hash: digest,
  height: safe,
  last_block_id: blockID,
  last_commit_hash: digest,
  last_results_hash: digest,
  next_validators_hash: digest,
  proposer_address: bytes,
  time,
  validators_hash: digest,
  version: object({ app: safe, block: safe }),
})

const lightBlock = object({
  commit: object({
    block_id: blockID,
    height: safe,
    round: within(-(1n << 31n), (1n << 31n) - 1n),
    signatures: list(vote),
  }),
  header,
  validators: list(object({ key: base64, power: safe })),
})

// A field of a body is shown, by its name, or withheld. The value is RFC 8785 JSON.
const field = object({
  hash: may(digest, zeroDigest),
  name: may(text, ''),
  salt: may(id, noSalt),
  value: may(raw, ''),
})

const exchange = object({
  anchor: object({ id, kid: digest, paper: digest, signature: bytes, time: int }),
  body: list(field),
  envelope: text,
  leaf: object({ height: int, index: uint, time: int }),
  type: text,
})

const pack = object({ expiry: text, gtin, lot: item, salt: id, serial: item })

// A record of the state, or the proof that there is none.
const stateRecord = object({ bucket: hashes, key: bytes, siblings: hashes, value: may(bytes, undefined) })

const bundle = object({
  chain: list(lightBlock),
  document: may(bytes, undefined),
  exchanges: list(exchange),
  log: hashes,
  pack: object({ index: uint, pack, path: hashes }),
  root: object({ log_root: digest, log_size: uint, state_root: digest, version: uint }),
  state: list(stateRecord),
  transformation: may(bytes, undefined),
  type: exactly('theriac/bundle/1'),
})

export type BlockID = ReturnType<typeof blockID>
export type Vote = ReturnType<typeof vote>
export type Header = ReturnType<typeof header>
export type LightBlock = ReturnType<typeof lightBlock>
export type Validator = LightBlock['validators'][number]
export type Field = ReturnType<typeof field>
export type Exchange = ReturnType<typeof exchange>
export type Pack = ReturnType<typeof pack>
export type StateRecord = ReturnType<typeof stateRecord>
export type Bundle = ReturnType<typeof bundle>
export type Root = Bundle['root']

/** parseBundle reads a bundle and throws a Refusal (bad_bundle) for anything but the one spelling of one. It verifies nothing. */
export const parseBundle = (file: Uint8Array): Bundle =>
  as('bad_bundle', () => {
    must(file.length <= maxBundle)
    return whole(fromUTF8(file), bundle)
  })
