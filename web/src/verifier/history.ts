// The verification by a third party (paper 000, IV-I): distribution, approval,
// material. The first failure in the paper's order is the verdict, and whom the
// paper names stands in it, unless another's own signature proves it was he.

import { type Digest, toText } from './bytes'
import type { Certificate } from './certificate'
import { type CertificateRecord, countsAt, iso, time, valid } from './chain'
import { bodyDigest, type Message } from './envelope'
import { type Content, checkPrev, find, type Kind, readContent, type Step, stepOf } from './exchanges'
import type { LGTIN } from './gs1'
import { highS, type Signature } from './key'
import { type Facts, Failure, type Holder, type Link, paper } from './link'
import { Refusal } from './refusal'

/** An Entry is a link of which the kind is known, and what was verified of it. */
interface Entry {
  link: Link
  kind: Kind
  message?: Message
  holder?: Holder // of the key that signed the message
  content?: Content // once message and body are verified
}

/** verifyKey refuses a signature that is not this key's; WebCrypto has looked at it before. */
function verifyKey(s: Signature): void {
  if (highS(s.bytes)) throw new Refusal('high_s', 'the signature is the mirrored twin of another (s above half the order)')
  if (!s.good) throw new Refusal('bad_signature', 'the signature does not verify')
}

/** reason turns a Refusal that a check threw into a failure. */
function reason(step: Step, err: unknown, prefix = ''): Failure {
  if (!(err instanceof Refusal)) throw err
  return new Failure(step, err.code, prefix + err.message)
}

/** A History is the evidence of a third-party verification. Its checks throw a Failure. */
export class History {
  certificate: Certificate | undefined
  private readonly entries: Entry[] = []
  private readonly byBC = new Map<Digest, Entry>()
  private gap: Failure | undefined // the first predecessor that is not in the evidence

  constructor(
    private readonly links: Link[],
    private readonly facts: Facts,
    private readonly passed: (step: Step, check: string) => void,
  ) {}

  /** verify throws unless the exchanges lead from raw material to the pack. */
  verify(): void {
    this.prepare()
    this.distribution()
    this.approval()
    this.material()
    // A changed message has another digest, so the one after it misses it. That counts
    // last: the step that verifies the changed message names it first.
    if (this.gap) throw this.gap
    this.foreign()
  }

  /** lots returns the lots of material that the batch was made of. */
  lots(): LGTIN[] {
    const used = this.facts.batch.release.materials
    return this.entries.flatMap((e) => (e.message && used.includes(e.message.bc) ? (e.content?.lots ?? []) : []))
  }

  private prepare(): void {
    for (const link of this.links) {
      const message = link.message instanceof Refusal ? undefined : link.message
      // Where the evidence misnames a message that can be read, the message says whose step it is.
      const kind = (message && find(message.claims.type)) ?? find(link.type)
      if (!kind) throw new Failure('distribution', 'wrong_type', `nobody expects a message of type ${link.type}`)
      const entry: Entry = message ? { link, kind, message } : { link, kind }
      this.entries.push(entry)
      if (message) this.byBC.set(message.bc, entry)
    }
  }

  private at(e: Entry, code: string, what: string): Failure {
    return new Failure(stepOf(e.kind), code, `exchange ${e.kind.number} (${e.kind.type}): ${what}`)
  }

  /** convict blames the owner of a key that signed what he must not have signed, as one of these roles. */
  private convict(f: Failure, k: Holder, as: string[]): Failure {
    // A key that does not count any more may have been stolen: then only the log tells when it signed.
    if (!this.facts.logged && !countsAt(k, this.facts.now)) return f
    const roles = this.facts.members.get(k.member)?.roles ?? []
    const [first] = roles
    if (first === undefined) return f
    f.blame = as.find((r) => roles.includes(r)) ?? first
    f.proven = true
    return f
  }

  /** prove blames the sender, whose own valid signature is the contradiction. */
  private prove(e: Entry, what: string): Failure {
    const f = this.at(
      e,
      'contradiction',
      `signed statements contradict each other or the ledger: ${what}: signed by ${e.message?.claims.iss}`,
    )
    return this.convict(f, e.holder as Holder, e.kind.from)
  }

  /** impersonation looks at a signature that does not count for whom it names: another's valid one proves against him. */
  private impersonation(f: Failure, k: Holder, as: string, s: Signature, at: bigint): Failure {
    if (k.member === as || !countsAt(k, at) || highS(s.bytes) || !s.good) return f
    return this.convict(f, k, [paper[f.step][0]])
  }

  private check(e: Entry): void {
    const l = e.link
    this.signed(e)
    // A message that nobody anchored still shows who signed it.
    this.contradicts(e)
    try {
      this.anchored(e, e.message as Message)
    } catch (err) {
      throw reason(stepOf(e.kind), err, `exchange ${e.kind.number} (${e.kind.type}): `)
    }
    const c = (e.message as Message).claims
    const when = iso(l.anchored)
    this.passed(stepOf(e.kind), `exchange ${e.kind.number} (${e.kind.type}): ${c.iss} signed, ${c.aud} verified and anchored at ${when}`)
  }

  /** signed verifies the sender's signature, with a key that counted when the block was made, and the body. */
  private signed(e: Entry): void {
    if (e.content) return
    const { link: l, message: m } = e
    if (!m) {
      const err = l.message as Refusal
      throw this.at(e, err.code, err.message)
    }
    if (m.claims.type !== l.type) throw this.at(e, 'wrong_type', 'the evidence misnames it')
    const holder = this.facts.holders.get(m.signature.kid)
    if (!holder) throw this.at(e, 'unknown_key', 'no member has the key that signed the message')
    e.holder = holder
    try {
      if (holder.member !== m.claims.iss) throw new Refusal('key_mismatch', `key of ${holder.member}, message of ${m.claims.iss}`)
      if (!countsAt(holder, l.anchored)) throw new Refusal('key_invalid', 'the key was not valid at the time')
      verifyKey(m.signature)
    } catch (err) {
      const f = reason(stepOf(e.kind), err, `exchange ${e.kind.number} (${e.kind.type}): `)
      throw this.impersonation(f, holder, m.claims.iss, m.signature, l.anchored)
    }
    if (toText(bodyDigest(l.body)) !== m.claims.bodyDigest) throw this.at(e, 'body_mismatch', 'the body is not the one that was signed')
    try {
      e.content = readContent(e.kind, l.body)
    } catch (err) {
      throw reason(stepOf(e.kind), err, `exchange ${e.kind.number} (${e.kind.type}): `)
    }
  }

  /** contradicts holds what a sender signed against the ledger and against what it answers. */
  private contradicts(e: Entry): void {
    const [c, m] = [e.content as Content, e.message as Message]
    const { batchID, batch } = this.facts
    const want = batch.release
    if (e.kind.type === 'msdm/1') this.checkSupply(e, c, m)
    if (e.kind.type === 'dadm/1') this.checkIssuer(e)
    for (const p of c.parcels) {
      if (p.batch === batchID && (p.expiry !== want.expiry || p.gtin !== want.gtin || p.lot !== want.lot)) {
        throw this.prove(e, `${p.gtin} lot ${p.lot} expiry ${p.expiry}, the ledger has ${want.gtin} lot ${want.lot} expiry ${want.expiry}`)
      }
    }
    for (const x of c.expiries) {
      if (x.batch === batchID && x.expiry !== want.expiry) throw this.prove(e, `expiry ${x.expiry}, the ledger has ${want.expiry}`)
    }
    const cited = e.kind.type === 'dmdd/1' && c.parcels.some((p) => p.batch === batchID)
    if (cited && (c.certificate !== want.certificate || !this.facts.certificate)) {
      const what = `${m.claims.iss} distributed under certificate ${c.certificate}, the ledger has ${want.certificate} for the batch`
      throw this.convict(new Failure('approval', 'not_approved', what), e.holder as Holder, e.kind.from)
    }
  }

  /** checkSupply finds a supplier who signed another material than the request asked for. */
  private checkSupply(e: Entry, c: Content, m: Message): void {
    const [only, more] = m.claims.prev
    const request = only !== undefined && more === undefined ? this.byBC.get(only) : undefined
    if (request?.kind.type !== 'dmms/1') return
    try {
      this.signed(request)
    } catch (err) {
      if (err instanceof Failure) return // the request's own check says what is wrong with it
      throw err
    }
    const asked = request.content?.material
    if (asked !== c.material) throw this.prove(e, `asked for ${asked}, supplied ${c.material}`)
  }

  /** checkIssuer finds a member who signed a Cert_D in the name of another. */
  private checkIssuer(e: Entry): void {
    const cert = e.link.certificate
    const k = cert && this.facts.holders.get(cert.jws.signature.kid)
    if (!k) return
    const f = this.at(e, 'bad_certificate', `${k.member} signed as ${cert.issuer}`)
    if (this.impersonation(f, k, cert.issuer, cert.jws.signature, e.link.anchored).proven) throw f
  }

  /** anchored verifies that the receiver uploaded the message (equations 68 to 73) and signed for it. */
  private anchored(e: Entry, m: Message): void {
    const who = m.claims.aud
    const receiver = this.facts.holders.get(m.anchor.kid)
    if (m.paper !== m.paperBC) throw new Refusal('bc_mismatch', 'the blockchain value is not the hash of the signature')
    if (!receiver) throw new Refusal('unknown_key', 'no member has the key that signed the anchor')
    if (receiver.member !== who) throw new Refusal('key_mismatch', `key of ${receiver.member}, anchor of ${who}`)
    if (!countsAt(receiver, e.link.anchored)) throw new Refusal('key_invalid', 'the key was not valid at the time')
    verifyKey(m.anchor)
    const prev: { kind: Kind; claims: Message['claims'] }[] = []
    for (const bc of m.claims.prev) {
      const p = this.byBC.get(bc)
      if (!p?.message) {
        this.missing(e, bc)
        return
      }
      prev.push({ kind: p.kind, claims: p.message.claims })
    }
    checkPrev(e.kind, m.claims, prev)
  }

  /** missing notes a predecessor that is not in the evidence, in the step that would verify it. */
  private missing(e: Entry, bc: Digest): void {
    if (this.gap) return
    const before = e.kind.follows[0] === undefined ? e.kind : (find(e.kind.follows[0]) ?? e.kind)
    this.gap = new Failure(stepOf(before), 'unknown_prev', `exchange ${e.kind.number} (${e.kind.type}): ${bc} is not in the evidence`)
  }

  private each(type: string): Entry[] {
    const all = this.entries.filter((e) => e.kind.type === type)
    for (const e of all) this.check(e)
    return all
  }

  /** moves reports whether the exchange hands the pack over. */
  private moves(e: Entry | undefined): boolean {
    const { batchID, index } = this.facts
    const mine = e?.content?.parcels.filter((p) => p.batch === batchID) ?? []
    return mine.some((p) => p.ranges.some((r) => r.from <= index && index < r.to))
  }

  /** distribution is step 1: status and distribution agree on the expiry date, and the pack went from hand to hand. */
  private distribution(): void {
    const statuses = this.each('dddm/1')
    const moved = this.each('dmdd/1').findLast((e) => this.moves(e))
    if (!moved) {
      const f = new Failure('distribution', 'missing_exchange', 'no distribution of this pack')
      f.blame = 'manufacturer' // nobody else could have made it
      throw f
    }
    const confirmed = statuses.some(
      (e) => e.message?.claims.prev.includes(moved.message?.bc ?? '') && e.content?.expiries.some((x) => x.batch === this.facts.batchID),
    )
    if (!confirmed) throw new Failure('distribution', 'missing_exchange', 'the distributor does not confirm the expiry date')
    this.passed('distribution', `manufacturer and distributor signed the expiry date ${this.facts.batch.release.expiry}`)
    this.each('receipt/1')
    this.each('dispatch/1')
    this.custody()
  }

  private custody(): void {
    let who = this.facts.batch.holder
    for (const e of this.entries.filter((e) => this.moves(e))) {
      const c = (e.message as Message).claims
      if (c.iss !== who) throw new Failure('distribution', 'missing_exchange', `${c.iss} handed the pack over, ${who} had it`)
      who = c.aud
    }
    const { custodian, batch } = this.facts
    if (who !== custodian) throw new Failure('distribution', 'missing_exchange', `the exchanges lead to ${who}, ${custodian} has the pack`)
    this.passed('distribution', `handed over without a gap from ${batch.holder} to ${who}`)
  }

  /** approval is step 2: decision and dossier, and Cert_D under the drug administration's key. */
  private approval(): void {
    const decisions = this.each('dadm/1')
    const dossiers = this.each('dmda/1')
    const record = this.facts.certificate
    const number = this.facts.batch.release.certificate
    if (!record) throw new Failure('approval', 'not_approved', `the ledger has no certificate ${number}`)
    const decision = decisions.find((e) => e.message?.bc === record.anchor)
    if (!decision) throw new Failure('approval', 'missing_exchange', `the decision that carried certificate ${record.number}`)
    const dossier = dossiers.find((e) => decision.message?.claims.prev.includes(e.message?.bc ?? ''))
    if (!dossier) throw new Failure('approval', 'missing_exchange', 'the dossier that was decided')
    const cert = decision.link.certificate
    if (!cert) throw new Failure('approval', 'bad_certificate', 'the certificate cannot be read')
    this.checkCertificate(cert, record, decision.link.anchored, dossier.content as Content)
    this.certificate = cert
    this.passed('approval', `certificate ${record.number}: signed by ${record.issuer}, valid, lists ${this.facts.batch.release.gtin}`)
  }

  private checkCertificate(cert: Certificate, record: CertificateRecord, anchored: bigint, dossier: Content): void {
    const bad = (code: string, what: string) => new Failure('approval', code, what)
    const holder = this.facts.holders.get(cert.jws.signature.kid)
    const { batch } = this.facts
    if (!holder) throw bad('unknown_key', 'no member has the key that signed the certificate')
    if (holder.member !== cert.issuer || !countsAt(holder, anchored) || highS(cert.jws.signature.bytes) || !cert.jws.signature.good) {
      throw bad('bad_certificate', `not signed by ${cert.issuer} with a key that counted`)
    }
    if (cert.digest !== record.digest || cert.issuer !== record.issuer || cert.number !== record.number) {
      throw bad('bad_certificate', 'it is not the certificate on the ledger')
    }
    if (cert.dossier !== dossier.documents) throw bad('bad_certificate', 'it is for another dossier')
    if (cert.holder !== batch.holder) throw bad('bad_certificate', `its holder is ${cert.holder}, the batch's ${batch.holder}`)
    if (record.status !== valid) throw bad('not_approved', `certificate ${record.number} is suspended or revoked`)
    const made = time(batch.at)
    if (made < cert.start || made >= cert.end)
      throw bad('not_approved', `certificate ${record.number} was not valid when the batch was released`)
    if (!cert.gtins.includes(batch.release.gtin)) throw bad('gtin_not_in_certificate', batch.release.gtin)
  }

  /** material is step 3: supply and request of every lot of material in the batch and in its approval. */
  private material(): void {
    const supplies = this.each('msdm/1')
    const requests = this.each('dmms/1')
    const missing = (what: string) => new Failure('material', 'missing_exchange', what)
    for (const s of supplies) {
      if (!requests.some((q) => s.message?.claims.prev.includes(q.message?.bc ?? ''))) throw missing('the request for a supply')
    }
    const { materials } = this.facts.batch.release
    for (const bc of materials) {
      if (!supplies.some((s) => s.message?.bc === bc)) throw missing(`supply ${bc} that the batch was made of`)
    }
    if (materials.length === 0) throw missing('the batch names no material')
    this.passed('material', `${this.lots().length} lots of material, supplied as requested`)
  }

  /** foreign finds an exchange that is not of the history: who reads it might think that it proves something. */
  private foreign(): void {
    const part = new Set<Entry>()
    const take = (e: Entry | undefined) => {
      const waiting = [e]
      for (let next = waiting.pop(); waiting.length > 0 || next; next = waiting.pop()) {
        if (!next || part.has(next)) continue
        part.add(next)
        waiting.push(...((next.message as Message).claims.prev.map((bc) => this.byBC.get(bc)) ?? []))
      }
    }
    const { certificate, batch } = this.facts
    take(this.byBC.get(certificate?.anchor ?? ''))
    for (const bc of batch.release.materials) take(this.byBC.get(bc))
    for (const e of this.entries) if (this.moves(e)) take(e)
    for (const e of this.entries) {
      if (e.kind.type !== 'dddm/1' && e.kind.type !== 'receipt/1') continue
      if (this.moves(this.byBC.get(e.message?.claims.prev[0] ?? ''))) part.add(e)
    }
    const stranger = this.entries.find((e) => !part.has(e))
    if (stranger) throw this.at(stranger, 'foreign_exchange', 'an exchange is not of this pack’s history')
  }
}
