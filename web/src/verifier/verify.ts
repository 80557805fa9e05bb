// The verdict on a bundle. First the header and the records under it, then the paper's
// steps in its order, then that the log holds the exchanges, the making of the batch,
// and what is so today. The first failure is the verdict. Nothing here asks anybody,
// and no clock is read.

import type { Bundle, StateRecord } from './bundle'
import { type Bytes, compare, fromText, must, same, toText, utf8, zeroDigest } from './bytes'
import { hash, sum } from './canon'
import * as cbor from './cbor'
import * as chain from './chain'
import { readMessage } from './envelope'
import { day, dayLength, lastDay, lotLink } from './gs1'
import { lightClient } from './headers'
import { verifyHistory } from './history'
import { parseKey, type Signature, verifyAll } from './key'
import { certificateIn, type Link } from './link'
import { holds, included, includedAll, leafHash } from './merkle'
import { as, type Outcome, Refusal, type Value } from './refusal'
import { readTransformation } from './transformation'
import type { Trust } from './trust'
import type { Label, Verdict } from './verdict'
import { check, onLedger, record, Verification } from './verification'

/**
 * verify returns the verdict on the bundle at the time now, believing trust. Who asked a
 * server for the evidence of a pack passes what was read off it: the server may answer
 * with the evidence of any.
 */
export async function verify(bundle: Bundle, trust: Trust, now: Date, label?: Label): Promise<Verdict> {
  const v = new Verification(bundle, trust, now, label)
  const { verdict } = v
  try {
    for (const step of [header, records, pack, history, log, made, measured, today, fresh]) await step(v)
    verdict.verdict = 'genuine'
  } catch (err) {
    if (!(err instanceof Refusal)) throw err
    const { outcome, step, blame, proven, code, values, message } = err
    Object.assign(verdict, { verdict: outcome, step, blame, proven, code, reason: message })
    verdict.checks.push({ step, check: code, values, ok: false })
  }
  return verdict
}

async function header(v: Verification): Promise<void> {
  const { trust, bundle, verdict } = v
  const { root } = bundle
  const at = await lightClient(trust.chain_id, trust.height, trust.validators, bundle.chain).catch(() => undefined)
  onLedger(at, trust.chain_id)
  v.header = at
  verdict.blockTime = chain.date(blockTime(v))
  onLedger(root.version === 1n && chain.appHash(root) === at.app_hash)
  v.pass('ledger', 'block', at.height, trust.chain_id, verdict.blockTime)
}

/** blockTime is the header's time in milliseconds, of which the fraction is dropped. */
const blockTime = ({ header }: Verification) => BigInt(header.time.seconds) * 1000n + BigInt(Math.floor(header.time.nanos / 1_000_000))

function records(v: Verification): void {
  const { state } = v.bundle
  const root = fromText(v.bundle.root.state_root)
  state.forEach((r, i) => {
    const [before, name] = [state[i - 1], toText(r.key)]
    check(!before || compare(before.key, r.key) < 0, 'ledger', 'bad_bundle')
    onLedger(holds(r, root, r.key, r.value), name)
    v.state.set(name, r.value)
    as('not_on_ledger', () => note(v, r), 'ledger')
  })
  const { index } = v.bundle.pack
  onLedger(v.batchID !== zeroDigest && v.alerts.every((a) => chain.covers(a, v.batchID, index)))
  v.pass('ledger', 'records', state.length)
}

const thing = (v: Verification) => {
  v.things = true
}

/**
 * readers read the records that are taken in as they come, by the word and slash that
 * begin their keys. The name is what follows; without a value the record is proven absent.
 */
const readers: Record<string, (v: Verification, name: Bytes, value?: Bytes) => void> = {
  'mark/': thing,
  'material/': thing,
  'redeemed/': thing,
  'registration/': thing,
  // Who reads of another pack's alert might think that it is this one's.
  'alert/': (v, _, value) => {
    must(value)
    v.alerts.push(cbor.whole(value, chain.alert))
  },
  'batch/': (v, name, value) => {
    if (!value) return
    must(v.batchID === zeroDigest && name.length === 32)
    v.batch = cbor.whole(value, chain.batch)
    v.batchID = toText(name)
  },
  'member/': (v, _, value) => {
    if (!value) return
    const m = cbor.whole(value, chain.member)
    v.members.set(m.gln, m)
    for (const { point, ...validity } of m.keys) {
      const key = parseKey(point)
      v.holders.set(key.id, { key, member: m.gln, ...validity })
    }
  },
}

function note(v: Verification, { key, value }: StateRecord): void {
  for (const [word, read] of Object.entries(readers)) {
    const name = key.subarray(word.length)
    if (name.length > 0 && same(key.subarray(0, word.length), utf8(word))) read(v, name, value)
  }
}

/** pack verifies that the pack is one of the batch, and the one that was scanned. */
function pack(v: Verification): void {
  const { index, pack: p, path } = v.bundle.pack
  const { facts } = v.verdict
  const r = v.batch.release
  const { gtin, serial, lot, expiry } = p
  Object.assign(facts, { gtin, serial, lot, expiry })
  for (const [gln, m] of v.members) facts.members[gln] = m.name
  const digest = hash('theriac/pack/1', utf8(gtin), utf8(serial), utf8(lot), utf8(expiry), fromText(p.salt))
  const same = gtin === r.gtin && lot === r.lot && expiry === r.expiry
  check(same && included(leafHash(digest), index, r.size, path, fromText(r.root)), 'pack', 'unknown_pack', gtin, serial)
  labelled(v)
  v.pass('pack', 'pack', gtin, serial)
  const page = record(v, chain.unitsName(v.batchID, index), chain.page)
  v.page = page
  const i = Number(index % BigInt(chain.pageUnits))
  const pair = page?.states[i >> 1]
  v.unit = pair === undefined ? r.initial : (pair >> (4 * (i % 2))) & 15
  facts.state = chain.stateName(v.unit)
  facts.custodian = page?.custody.find((run) => BigInt(i) < run.end)?.holder ?? v.batch.holder
  facts.alerts = v.alerts.sort((a, b) => Number(b.at - a.at)).map(({ code, by, at }) => ({ code, by, at: chain.date(at) }))
}

/** labelled holds the pack against what was read off it, where the label says something. */
function labelled(v: Verification): void {
  if (!v.label) return
  const { gtin = '', serial = '', lot = '', expiry = '' } = v.label
  const { pack: p } = v.bundle.pack
  // A month alone, or with day 00, stands for its last day (AI 17).
  const sameDay = expiry === '' || lastDay(expiry.replace(/-00$/, '')) === lastDay(p.expiry)
  const same = gtin === p.gtin && serial === p.serial && (lot === '' || lot === p.lot) && sameDay
  check(same, 'pack', 'label_mismatch', gtin, serial, lot, expiry)
}

/** history verifies the exchanges, or of a captured batch its document. */
async function history(v: Verification): Promise<void> {
  const { bundle, batchID, batch, holders, members, verdict } = v
  const { certificate } = batch.release
  if (certificate === '') return (await import('./epcis/captured')).captured(v)
  check(!bundle.document, 'batch', 'bad_bundle')
  const exchanges = await links(v)
  const facts = {
    now: blockTime(v),
    logged: v.logged && v.leaves.length === exchanges.length,
    holders,
    members,
    certificate: record(v, chain.recordName('certificate', utf8(certificate)), chain.certificate),
    batchID,
    batch,
    index: bundle.pack.index,
    custodian: verdict.facts.custodian,
  }
  const proven = verifyHistory(exchanges, facts, v.pass)
  v.lots = proven.lots
  verdict.facts.materials = v.lots.map(lotLink)
  verdict.facts.certificate = proven.certificate
}

/** links reads the exchanges, and looks for them in the log and at their signatures. Which failure counts the paper's order decides. */
async function links(v: Verification): Promise<Link[]> {
  const { bundle, trust, leaves, verdict } = v
  const signatures: Signature[] = []
  const all = bundle.exchanges.map((x): Link => {
    const link = { type: x.type, body: x.body, anchored: chain.time(x.leaf.time) }
    try {
      const message = readMessage(x, trust.chain_id)
      const certificate = certificateIn(x.type, x.body, trust.chain_id)
      const { type, iss: from, aud: to } = message.claims
      signatures.push(message.signature, message.anchor)
      if (certificate) signatures.push(certificate.jws.signature)
      leaves.push(message.leaf)
      verdict.facts.exchanges.push({ type, from, to, at: chain.date(link.anchored), bc: message.bc })
      return { ...link, message, certificate }
    } catch (err) {
      if (err instanceof Refusal) return { ...link, message: err }
      throw err
    }
  })
  const { log, root } = bundle
  v.logged = leaves.length === 0 || includedAll(leaves, root.log_size, log, fromText(root.log_root))
  await verifyAll(signatures, (kid) => v.holders.get(kid)?.key)
  return all
}

function log(v: Verification): void {
  const leaves = v.leaves.length
  onLedger(leaves > 0 ? v.logged : v.bundle.log.length === 0)
  if (leaves > 0) v.pass('ledger', 'log', leaves)
}

/** made verifies the event that turned the material into the batch. */
function made(v: Verification): void {
  const r = v.batch.release
  if (r.certificate === '') return
  const raw = v.bundle.transformation ?? new Uint8Array()
  const bad = (ok: unknown, ...values: Value[]) => check(ok, 'batch', 'bad_transformation', ...values)
  bad(sum(raw) === r.transformation)
  const { inputs, output } = as('bad_transformation', () => readTransformation(raw), 'batch')
  bad(lotLink(output) === lotLink(r), output.lot)
  const supplied = v.lots.map(lotLink)
  for (const lot of inputs.map(lotLink)) bad(supplied.includes(lot), lot)
  v.pass('batch', 'made', r.lot, inputs.length)
}

/** measured is paper 001. Few packs were, so what reads it comes only where the ledger or the evidence says something of it. */
async function measured(v: Verification): Promise<void> {
  if (v.things || v.page?.marks.length || v.batch.release.codes !== zeroDigest) (await import('./measured')).measured(v)
}

/** today verifies what may change: recall, expiry, and the state of the pack. */
function today(v: Verification): void {
  const { batch, verdict } = v
  const { gtin, lot, expiry, certificate } = batch.release
  check(batch.status === chain.released, 'batch', 'recalled', lot, chain.date(batch.since))
  const product = record(v, chain.recordName('product', utf8(gtin)), chain.product)
  check(!product || product.status === chain.released, 'batch', 'recalled', gtin)
  const last = day(expiry)
  check(last !== undefined, 'batch', 'bad_field', expiry)
  const inDate = v.now.getTime() < last + dayLength
  // What a document declares decides nothing, neither that the pack is good nor that it is bad.
  if (!inDate && certificate === '') verdict.checks.push({ step: 'pack', check: 'past_expiry', values: [expiry], ok: false })
  else {
    check(inDate, 'pack', 'past_expiry', expiry)
    v.pass('batch', 'in_date', expiry)
  }
  check(v.unit !== chain.dispensed, 'pack', 'pack_dispensed')
  check(v.unit === chain.active, 'pack', 'not_active', verdict.facts.state)
  v.pass('pack', 'active', verdict.facts.custodian)
}

/** skew is how far a verifier's clock may be behind the validators', in seconds. */
const skew = 300n
const second = 1_000_000_000n
/** longest is what Go's durations hold, in seconds. */
const longest = 9_223_372_036

/** fresh compares the age of the evidence with what the trust root allows. */
function fresh(v: Verification): void {
  const { seconds, nanos } = v.header.time
  const age = BigInt(v.now.getTime()) * 1_000_000n - (BigInt(seconds) * second + BigInt(nanos))
  const cannot = (outcome: Outcome, step: string, code: string) => Object.assign(new Refusal(code), { step, outcome })
  if (age > BigInt(Math.min(v.trust.max_age_seconds, longest)) * second) throw cannot('cannot_check', 'ledger', 'too_old')
  if (age < -skew * second) throw cannot('cannot_check', 'ledger', 'clock')
  v.pass('ledger', 'age', Number(age / second))
  if (v.batch.release.certificate === '') throw cannot('captured', 'approval', 'approval_unproven')
}
