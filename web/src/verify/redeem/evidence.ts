// What verified evidence says of a pack's concealed code. Its records are proven as soon
// as the pack is, whatever the verdict: most packs that are redeemed were dispensed before.
import { elementString } from '../../gs1/gs1'
import { parseBundle, type Redemption, type Verdict } from '../../verifier'
import { compare, type Digest, toText, utf8, zeroDigest } from '../../verifier/bytes'
import { whole } from '../../verifier/cbor'
import { batch } from '../../verifier/chain'
import type { Pack, Place } from './code'

/** A Coded is a pack that has a code. */
export interface Coded {
  pack: Pack
  /** What is printed where all see it. */
  visible: string
  place: Place
  size: bigint
  /** Root over the marks of the batch. */
  root: Digest
  /** Null: proven not to be redeemed when the evidence was made. Undefined: it was not verified so far. */
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
  return {
    pack: { gtin: facts.gtin, serial: facts.serial },
    visible: elementString(facts),
    place: { chain: verdict.chain, batch: toText(found.key.subarray(word.length)), index },
    size: release.size,
    root: release.codes,
    record: facts.redeemed ?? (facts.codes ? null : undefined),
  }
}
