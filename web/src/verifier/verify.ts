// The verdict on a bundle. First the header and the records under it, then the paper's
// steps in its order, then that the log holds the exchanges, the making of the batch,
// and what is so today. The first failure is the verdict. Nothing here asks anybody,
// and no clock is read.

import { type Bundle, nameOf, type StateRecord } from './bundle'
import { type Bytes, compare, type Digest, fromText, NotCanonical, toText, utf8, zeroDigest } from './bytes'
import { hash, sum } from './canon'
import { Decoder } from './cbor'
import * as chain from './chain'
import { readMessage } from './envelope'
import type { Step } from './exchanges'
import { day, type LGTIN, lastDay, lotLink } from './gs1'
import { type Header, lightClient, type Time } from './headers'
import { History } from './history'
import { parseKey, type Signature, verifyAll } from './key'
import { certificateIn, Failure, type Holder, type Link } from './link'
import { holds, included, includedAll, type Leaf, leafHash } from './merkle'
import { Refusal } from './refusal'
import { readTransformation } from './transformation'
import type { Trust } from './trust'
import type { Facts, Label, Outcome, Verdict } from './verdict'

/** A Stop is a check that did not pass. */
class Stop extends Error {
  constructor(
    readonly step: string,
    readonly code: string,
    what: string,
    readonly outcome: Outcome = 'refused',
  ) {
    super(what)
  }
}

const ledger = (what: string) => new Stop('ledger', 'not_on_ledger', `the evidence is not what the ledger holds: ${what}`)

/** ask runs a reader of the ledger's bytes, and says whose they are if they cannot be read. */
function ask<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (err) {
    if (err instanceof NotCanonical) throw ledger(`${what}: ${err.message}`)
    throw err
  }
}

/** skew is how far a verifier's clock may be behind the validators'. */
const skew = 5n * 60n * 1_000_000_000n

export class Verification {
  readonly verdict: Verdict
  private readonly state = new Map<string, Bytes | undefined>() // undefined: proven absent
  private readonly holders = new Map<Digest, Holder>()
  private readonly members = new Map<string, chain.Member>()
  private at!: Header & { time: Time }
  private batchID: Digest = zeroDigest
  private batch!: chain.Batch
  private leaves: Leaf[] = []
  private logged = true
  private unit = 0
  private lots: LGTIN[] = []

  constructor(
    private readonly bundle: Bundle,
    private readonly trust: Trust,
    private readonly now: Date,
    private readonly label: Label | undefined,
  ) {
    const names = { gtin: '', serial: '', lot: '', expiry: '', state: '', custodian: '' }
    const facts: Facts = { ...names, materials: [], members: Object.create(null), exchanges: [] }
    this.verdict = { verdict: 'refused', step: '', blame: '', proven: false, code: '', reason: '', chain: trust.chainID, checks: [], facts }
  }

  /** run makes the checks in their order. */
  async run(): Promise<Verdict> {
    try {
      for (const step of [this.header, this.records, this.pack, this.history, this.log, this.made, this.today, this.fresh])
        await step.call(this)
      this.verdict.verdict = 'genuine'
    } catch (err) {
      this.refuse(err)
    }
    return this.verdict
  }

  private refuse(err: unknown): void {
    const d = this.verdict
    let text = ''
    if (err instanceof Failure) {
      Object.assign(d, { step: err.step, blame: err.blame, proven: err.proven, code: err.code })
      text = err.text
    } else if (err instanceof Stop) {
      Object.assign(d, { verdict: err.outcome, step: err.step, code: err.code })
      text = err.message
    } else {
      throw err
    }
    d.reason = `${d.code}: ${text}`
    d.checks.push({ step: d.step, check: text, ok: false })
  }

  private pass(step: string, check: string): void {
    this.verdict.checks.push({ step, check, ok: true })
  }

  private async header(): Promise<void> {
    const { chainID, height, validators } = this.trust
    const { chain: path, root } = this.bundle
    try {
      this.at = await lightClient(chainID, height, validators, path)
    } catch (err) {
      if (err instanceof NotCanonical) throw ledger(err.message)
      throw err
    }
    this.verdict.blockTime = new Date(Number(this.blockTime()))
    if (root.version !== 1n || chain.appHash(root) !== this.at.appHash) throw ledger('the header covers another state')
    this.pass('ledger', `block ${this.at.height} of ${chainID}, signed by its validators at ${chain.iso(this.blockTime())}`)
  }

  /** blockTime is the header's time in milliseconds, of which the fraction is dropped. */
  private blockTime(): bigint {
    const { seconds, nanos } = this.at.time
    return BigInt(seconds) * 1000n + BigInt(Math.floor(nanos / 1_000_000))
  }

  private records(): void {
    const root = fromText(this.bundle.root.stateRoot)
    let last: StateRecord | undefined
    for (const r of this.bundle.state) {
      if (last && compare(last.key, r.key) >= 0) throw new Stop('ledger', 'bad_bundle', 'the keys of its records do not rise')
      if (!holds(r, root, r.key, r.value)) throw ledger(`record ${nameOf(r)}: its proof does not lead to the root`)
      this.state.set(nameOf(r), r.value)
      ask(`record ${nameOf(r)}`, () => this.note(r))
      last = r
    }
    if (this.batchID === zeroDigest) throw ledger('no batch')
    this.pass('ledger', `${this.bundle.state.length} records of the ledger's state proven`)
  }

  /** note reads members with their keys, and the batch. */
  private note(r: StateRecord): void {
    const word = (s: string) => compare(r.key.subarray(0, s.length), utf8(s)) === 0
    if (!r.value) return
    if (word('member/') && r.key.length > 7) {
      const m = Decoder.whole(r.value, chain.member)
      this.members.set(m.gln, m)
      for (const k of m.keys) {
        const key = parseKey(k.point)
        this.holders.set(key.id, { key, member: m.gln, from: k.from, until: k.until, revoked: k.revoked })
      }
    } else if (word('batch/') && r.key.length === 38) {
      if (this.batchID !== zeroDigest) throw ledger('a second batch')
      this.batch = Decoder.whole(r.value, chain.batch)
      this.batchID = toText(r.key.subarray(6))
    }
  }

  /** read returns a record that the bundle must bring; undefined if the ledger has none. */
  private read<T>(name: string, read: (d: Decoder) => T): T | undefined {
    if (!this.state.has(name)) throw ledger(`record ${name} is missing`)
    const raw = this.state.get(name)
    return raw && ask(`record ${name}`, () => Decoder.whole(raw, read))
  }

  /** pack verifies that the pack is one of the batch, and the one that was scanned. */
  private pack(): void {
    const { index, pack: p, path } = this.bundle.pack
    const { facts } = this.verdict
    const r = this.batch.release
    Object.assign(facts, { gtin: p.gtin, serial: p.serial, lot: p.lot, expiry: p.expiry })
    for (const [gln, m] of this.members) facts.members[gln] = m.name
    const unknown = (what: string) => new Stop('pack', 'unknown_pack', `the batch has no such pack: ${what}`)
    if (p.gtin !== r.gtin || p.lot !== r.lot || p.expiry !== r.expiry) throw unknown('it says another product, lot or expiry date')
    const digest = hash('theriac/pack/1', utf8(p.gtin), utf8(p.serial), utf8(p.lot), utf8(p.expiry), p.salt)
    if (!included(leafHash(digest), index, r.size, path, fromText(r.root))) throw unknown('its proof does not lead to the root')
    this.labelled()
    this.pass('pack', `pack (01)${p.gtin}(21)${p.serial} is one of the batch`)
    const page = this.read(chain.unitsName(this.batchID, index), chain.page)
    const i = Number(index % BigInt(chain.pageUnits))
    const pair = page?.states[i >> 1]
    this.unit = pair === undefined ? r.initial : (pair >> (4 * (i % 2))) & 15
    facts.state = chain.stateName(this.unit)
    facts.custodian = page?.custody.find((run) => BigInt(i) < run.end)?.holder ?? this.batch.holder
  }

  /** labelled holds the pack against what was read off it, where the label says something. */
  private labelled(): void {
    if (!this.label) return
    const { gtin = '', serial = '', lot = '', expiry = '' } = this.label
    const { pack: p } = this.bundle.pack
    const other = (what: string) => new Stop('pack', 'label_mismatch', `the label says otherwise than the pack's batch: ${what}`)
    if (gtin !== p.gtin || serial !== p.serial) throw other('it is another pack’s')
    if (lot !== '' && lot !== p.lot) throw other(`lot ${lot}`)
    // A month alone, or with day 00, stands for its last day (AI 17).
    if (expiry !== '' && lastDay(expiry.replace(/-00$/, '')) !== lastDay(p.expiry)) throw other(`expiry ${expiry}`)
  }

  /** history verifies the exchanges, or of a captured batch its document. */
  private async history(): Promise<void> {
    const { certificate } = this.batch.release
    if (certificate === '') return this.captured()
    if (this.bundle.document) throw new Stop('batch', 'bad_bundle', 'a document beside the history')
    const links = await this.links()
    const record = this.read(chain.recordName('certificate', utf8(certificate)), chain.certificate)
    const { batchID, batch, holders, members } = this
    const { facts } = this.verdict
    const logged = this.logged && this.leaves.length === links.length
    const h = new History(
      links,
      {
        now: this.blockTime(),
        logged,
        holders,
        members,
        certificate: record,
        batchID,
        batch,
        index: this.bundle.pack.index,
        custodian: facts.custodian,
      },
      (step: Step, check) => this.pass(step, check),
    )
    h.verify()
    this.lots = h.lots()
    facts.materials = this.lots.map(lotLink)
    if (h.certificate) facts.certificate = h.certificate
  }

  /** links reads the exchanges, and looks for them in the log and at their signatures. Which failure counts the paper's order decides. */
  private async links(): Promise<Link[]> {
    const signatures: Signature[] = []
    const links = this.bundle.exchanges.map((x): Link => {
      const link = { type: x.type, body: x.body, anchored: chain.time(x.leaf.time) }
      try {
        const message = readMessage(x, this.trust.chainID)
        const certificate = certificateIn(x.type, x.body, this.trust.chainID)
        const { claims: c } = message
        signatures.push(message.signature, message.anchor, ...(certificate ? [certificate.jws.signature] : []))
        this.leaves.push(message.leaf)
        this.verdict.facts.exchanges.push({ type: c.type, from: c.iss, to: c.aud, at: new Date(Number(link.anchored)), bc: message.bc })
        return { ...link, message, certificate }
      } catch (err) {
        if (err instanceof Refusal) return { ...link, message: err }
        throw err
      }
    })
    const { log, root } = this.bundle
    this.logged = this.leaves.length === 0 || includedAll(this.leaves, root.logSize, log, fromText(root.logRoot))
    await verifyAll(signatures, (kid) => this.holders.get(kid)?.key)
    return links
  }

  /** captured verifies a pack that somebody's document declares. Nothing proves an approval, so it is never genuine. */
  private async captured(): Promise<void> {
    const { batch, bundle } = this
    const r = batch.release
    const { pack: p } = bundle.pack
    const raw = bundle.document ?? new Uint8Array()
    const bad = (what: string) => new Stop('batch', 'bad_capture', `the document does not show the pack: ${what}`)
    if (bundle.exchanges.length > 0 || bundle.transformation) throw new Stop('batch', 'bad_bundle', 'a history beside the document')
    if (sum(raw) !== (r.evidence ?? zeroDigest)) throw bad('it is not the document of the batch record')
    const name = chain.recordName('evidence', fromText(sum(raw)), utf8(batch.holder))
    const anchor = this.read(name, chain.evidence)
    if (!anchor) throw ledger(`record ${name} is missing`)
    const { commissions } = await import('./epcis')
    let shown: boolean
    try {
      shown = commissions(raw, p)
    } catch (err) {
      throw bad(String(err))
    }
    if (!shown) throw bad(`it does not commission ${p.serial}`)
    this.pass('batch', `document anchored at ${chain.iso(chain.time(anchor.at))} commissions the pack`)
  }

  private log(): void {
    if (this.leaves.length === 0 && this.bundle.log.length > 0) throw ledger('a proof of nothing')
    if (this.leaves.length === 0) return
    if (!this.logged) throw ledger('the log does not hold the exchanges')
    this.pass('ledger', `${this.leaves.length} exchanges are leaves of the log`)
  }

  /** made verifies the event that turned the material into the batch. */
  private made(): void {
    const r = this.batch.release
    if (r.certificate === '') return
    const bad = (what: string) => new Stop('batch', 'bad_transformation', `the batch was not made of the material shown: ${what}`)
    const raw = this.bundle.transformation ?? new Uint8Array()
    if (sum(raw) !== (r.transformation ?? zeroDigest)) throw bad('it is not the event of the batch record')
    let event: ReturnType<typeof readTransformation>
    try {
      event = readTransformation(raw)
    } catch (err) {
      throw bad(String(err))
    }
    if (lotLink(event.output) !== lotLink(r)) throw bad(`it makes ${lotLink(event.output)}`)
    const supplied = new Set(this.lots.map(lotLink))
    const stranger = event.inputs.find((l) => !supplied.has(lotLink(l)))
    if (stranger) throw bad(`${lotLink(stranger)} was not supplied for it`)
    this.pass('batch', `lot ${r.lot} was made of ${event.inputs.length} lots of material`)
  }

  /** today verifies what may change: recall, expiry, and the state of the pack. */
  private today(): void {
    const r = this.batch.release
    const recalled = (what: string, status: number, since: bigint) =>
      new Stop('batch', 'recalled', `${what} is ${chain.statusName(status)} since ${chain.iso(chain.time(since))}`)
    if (this.batch.status !== chain.released) throw recalled(`lot ${r.lot}`, this.batch.status, this.batch.since)
    const product = this.read(chain.recordName('product', utf8(r.gtin)), chain.product)
    if (product && product.status !== chain.released) throw recalled(`product ${r.gtin}`, product.status, product.since)
    const last = day(r.expiry)
    if (last === undefined) throw new Stop('batch', 'bad_field', 'a date is written YYYY-MM-DD')
    const past = this.now.getTime() >= last + 86_400_000
    // What a document declares decides nothing, neither that the pack is good nor that it is bad.
    if (past && r.certificate === '') this.verdict.checks.push({ step: 'pack', check: `the pack has expired: on ${r.expiry}`, ok: false })
    else if (past) throw new Stop('pack', 'past_expiry', `the pack has expired: on ${r.expiry}`)
    else this.pass('batch', `not recalled, in date until ${r.expiry}`)
    if (this.unit === chain.dispensed) throw new Stop('pack', 'pack_dispensed', 'the pack was dispensed already')
    if (this.unit !== chain.active) throw new Stop('pack', 'not_active', `the pack is not active: it is ${chain.stateName(this.unit)}`)
    this.pass('pack', `the pack is active, in the custody of ${this.verdict.facts.custodian}`)
  }

  /** fresh compares the age of the evidence with what the trust root allows. */
  private fresh(): void {
    const { seconds, nanos } = this.at.time
    const age = BigInt(this.now.getTime()) * 1_000_000n - (BigInt(seconds) * 1_000_000_000n + BigInt(nanos))
    const when = chain.iso(this.blockTime())
    if (age > BigInt(Math.min(this.trust.maxAge, 9_223_372_036)) * 1_000_000_000n) {
      throw new Stop('ledger', 'too_old', `the evidence is too old to decide: block of ${when}`, 'cannot_check')
    }
    if (age < -skew) throw new Stop('ledger', 'clock', `the evidence is dated ahead of this clock: block of ${when}`, 'cannot_check')
    this.pass('ledger', `the evidence is ${age / 1_000_000_000n} s old`)
    if (this.batch.release.certificate === '') {
      throw new Stop('approval', 'approval_unproven', 'captured from a document: no certificate proves an approval', 'captured')
    }
  }
}
