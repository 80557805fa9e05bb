// What verified evidence says of a pack's concealed code. Its records are proven as soon
// as the pack is, whatever the verdict: most packs that are redeemed were dispensed before.
import { elementString } from '../../gs1/gs1'
import { parseBundle, type Verdict } from '../../verifier'
import { compare, concat, type Digest, toText, u64, utf8, zeroDigest } from '../../verifier/bytes'
import { digest, int, map, text, uint, whole } from '../../verifier/cbor'
import { batch, date } from '../../verifier/chain'
import type { Pack, Place } from './code'

/** A Redemption is the ledger's record of a code that was used. */
export interface Redemption {
  /** SHA-256 of the browser's key. */
  browser: Digest
  by: string // GLN
  at: Date
}

const redemption = map({ browser: digest, by: text, at: int, index: uint })

/** A Coded is a pack that has a code. */
export interface Coded {
  pack: Pack
  /** What is printed where all see it. */
  visible: string
  place: Place
  size: bigint
  /** Root over the marks of the batch. */
  root: Digest
  /** Null: proven not to be redeemed when the evidence was made. Undefined: the evidence does not say. */
  record: Redemption | null | undefined
}

/** Reads what evidence proves of the pack's code; undefined if it has none, or nothing is proven. */
export function readCoded(raw: Uint8Array, verdict: Verdict): Coded | undefined {
  if (!verdict.checks.some((c) => c.check === 'pack' && c.ok)) return undefined
  const bundle = parseBundle(raw)
  const word = utf8('batch/')
  const found = bundle.state.find((r) => r.value && compare(r.key.subarray(0, word.length), word) === 0)
  if (!found?.value) return undefined
  const { release } = whole(found.value, batch)
  if (release.codes === zeroDigest) return undefined
  const { index } = bundle.pack
  const { facts } = verdict
  const id = found.key.subarray(word.length)
  const name = concat(utf8('redeemed/'), id, u64(index))
  const record = bundle.state.find((r) => compare(r.key, name) === 0)
  return {
    pack: { gtin: facts.gtin, serial: facts.serial },
    visible: elementString(facts),
    place: { chain: verdict.chain, batch: toText(id), index },
    size: release.size,
    root: release.codes,
    record: record && (record.value ? read(record.value) : null),
  }
}

function read(value: Parameters<typeof whole>[0]): Redemption {
  const { browser, by, at } = whole(value, redemption)
  return { browser, by, at: date(at) }
}
