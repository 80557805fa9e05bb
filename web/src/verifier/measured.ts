// What the ledger says of paper 001 (docs/formats.md, "Bundle"): where the pack and its
// material were measured, and whether its concealed code was used. A part of its own,
// since few packs have any of it.

import { type Digest, fromText, must, same, toText, u64, utf8, zeroDigest } from './bytes'
import { hash } from './canon'
import { digest, list, map, type Source, text, uint } from './cbor'
import { date, never, pageUnits, ranges, recordName, timeOf } from './chain'
import { type LGTIN, lotLink } from './gs1'
import { may } from './schema'
import type { Measurement, Redemption } from './verdict'
import { onLedger, record, type Verification } from './verification'

// False is left out.
const yes = (s: Source): boolean => {
  must(s.raw[s.at++] === 0xf5)
  return true
}

const terms = map({
  line: digest,
  epoch: uint,
  counter: uint,
  to: text,
  place: text,
  root: digest,
  batch: may(digest, zeroDigest),
  ranges: may(ranges, []),
  whole: may(yes, false),
  material: may(map({ gtin: text, lot: text }), undefined),
})
type Terms = ReturnType<typeof terms>

const registration = map({ terms, from: text, device: digest, at: timeOf, index: uint, before: may(list(digest), []) })
const mark = map({ device: digest, at: timeOf, index: uint })
const redemption = map({ browser: digest, by: text, at: timeOf, index: uint })

/** begins reports whether a record is called as this word says. */
const begins = (name: string, word: string) => {
  const [key, start] = [fromText(name), utf8(`${word}/`)]
  return key.length > start.length && same(key.subarray(0, start.length), start)
}

/** Things are what was registered, and which records are of them. */
interface Things {
  v: Verification
  now: Map<string, Digest> // the registration of each, by name; the pack has none
  known: Set<string>
}

const nameOf = (lot: LGTIN | undefined) => (lot ? `${lot.gtin} ${lot.lot}` : '')

/** measured refuses unless all is there that the ledger names, and nothing of other things. */
export function measured(v: Verification): void {
  const things: Things = { v, now: new Map(), known: new Set() }
  present(things)
  const names = [...v.state.keys()]
  const found = names.filter((name) => begins(name, 'registration')).map((name) => registered(things, name))
  // One that is missing, or is of another thing, is nobody's present one.
  onLedger(found.filter((m) => m.current).length === things.now.size)
  const codes = v.batch.release.codes !== zeroDigest
  const used = codes && redeemed(things)
  for (const name of names) {
    const paper001 = ['mark', 'material', 'redeemed', 'registration'].some((word) => begins(name, word))
    onLedger(!paper001 || things.known.has(name), name)
  }
  found.sort((a, b) => Number(!a.material) - Number(!b.material) || Number(a.counter > b.counter) - Number(a.counter < b.counter))
  Object.assign(v.verdict.facts, { measured: found, codes, ...(used ? { redeemed: used } : {}) })
  for (const m of found) tell(v, m)
  if (used) v.pass('pack', 'redeemed', used.at)
  else if (codes) v.pass('pack', 'not_redeemed')
}

/** present reads which registrations the pack and the lots of its material have now. */
function present({ v, now, known }: Things): void {
  const i = v.bundle.pack.index % BigInt(pageUnits)
  const id = v.page?.marks.find((run) => i < run.end)?.registration ?? zeroDigest
  if (id !== zeroDigest) now.set(nameOf(undefined), id)
  for (const lot of v.lots) {
    const name = recordName('material', hash('theriac/material/1', utf8(lot.gtin), utf8(lot.lot)))
    if (!v.state.has(name)) continue
    known.add(name)
    const id = record(v, name, digest)
    if (id) now.set(nameOf(lot), id)
  }
}

/** registered reads a registration, with its mark. */
function registered({ v, now, known }: Things, name: string): Measurement {
  const r = record(v, name, registration)
  const id = fromText(name).subarray('registration/'.length)
  const index = r && markOf(r.terms, v)
  onLedger(r && index !== undefined && id.length === 32, name)
  const { counter, to, place, whole, material } = r.terms
  const present = now.get(nameOf(material))
  onLedger(present !== undefined, name)
  const its = recordName('mark', id, u64(index))
  known.add(name).add(its)
  const verified = record(v, its, mark)?.at ?? never
  return {
    counter,
    from: r.from,
    to,
    place,
    registered: date(r.at),
    verified: verified === never ? undefined : date(verified),
    whole,
    material: material && lotLink(material),
    current: present === toText(id),
  }
}

/** markOf returns the index of the one mark of a lot, or of the pack's; undefined if it is of other packs. */
function markOf({ batch, ranges, whole, material }: Terms, v: Verification): bigint | undefined {
  if (material) return 0n
  const { index } = v.bundle.pack
  let before = 0n
  for (const { from, to } of batch === v.batchID ? ranges : []) {
    if (from <= index && index < to) return whole ? 0n : before + index - from
    before += to - from
  }
  return undefined
}

/** redeemed reads what the ledger has of the concealed code. */
function redeemed({ v, known }: Things): Redemption | undefined {
  const name = recordName('redeemed', fromText(v.batchID), u64(v.bundle.pack.index))
  known.add(name)
  const r = record(v, name, redemption)
  return r && { at: date(r.at), by: r.by, browser: r.browser }
}

/** tell says what is known of a registration. One that was replaced before it was of use says nothing. */
function tell(v: Verification, { material, verified, to, whole, current }: Measurement): void {
  const about = material ? [material] : []
  const what = material ? 'lot' : whole ? 'case' : 'pack'
  if (verified) v.pass(material ? 'material' : 'pack', `${what}_measured`, ...about, to, verified)
  else if (current) v.pass(material ? 'material' : 'pack', `${what}_registered`, ...about, to)
}
