// The verification by a third party (paper 000, IV-I): distribution, approval,
// material. The first failure in the paper's order is the verdict, and whom the
// paper names stands in it, unless another's own signature proves it was he.

import { type Digest, toText } from './bytes'
import type { Certificate } from './certificate'
import { type CertificateRecord, countsAt, covers, date, time, valid } from './chain'
import { bodyDigest, type Claims, type Message } from './envelope'
import { type Content, checkPrev, find, type Kind, readContent, type Step } from './exchanges'
import type { LGTIN } from './gs1'
import type { Signature } from './key'
import { type Facts, fault, type Holder, type Link } from './link'
import { Refusal, type Value } from './refusal'
import type { Pass } from './verdict'

/** paper is whom the paper names when a step fails. */
const paper: Record<Step, string> = { distribution: 'distributor', approval: 'manufacturer', material: 'supplier' }

/** An Entry is a link of which the kind is known, and what was verified of it. */
interface Entry {
  link: Link
  kind: Kind
  message?: Message
  holder?: Holder // of the key that signed the message
  content?: Content // once message and body are verified
}

/** A Verified entry has a message and a body that its sender signed. */
type Verified = Entry & Required<Pick<Entry, 'message' | 'holder' | 'content'>>

/** A History is the evidence of a third-party verification. */
interface History {
  facts: Facts
  pass: Pass
  entries: Entry[]
  byBC: Map<Digest, Entry>
  gap?: Refusal // the first predecessor that is not in the evidence
}

/** failed is a refusal in a step, which blames whom the paper names. */
const failed = (step: Step, code: string, ...values: Value[]) => Object.assign(new Refusal(code, ...values), { step, blame: paper[step] })

/** failedAt is one of an exchange. */
const failedAt = ({ kind }: Entry, code: string, ...values: Value[]) => failed(kind.step, code, kind.type, ...values)

/** placed runs what refuses without knowing where. */
function placed<T>(e: Entry, run: () => T): T {
  try {
    return run()
  } catch (err) {
    throw err instanceof Refusal ? failedAt(e, err.code, ...err.values) : err
  }
}

/** verifyHistory throws unless the exchanges lead from raw material to the pack. It returns the lots of material, and the certificate. */
export function verifyHistory(links: Link[], facts: Facts, pass: Pass): { lots: LGTIN[]; certificate: Certificate } {
  const h: History = { facts, pass, entries: [], byBC: new Map() }
  for (const link of links) {
    const message = link.message instanceof Refusal ? undefined : link.message
    // Where the evidence misnames a message that can be read, the message says whose step it is.
    const kind = (message && find(message.claims.type)) ?? find(link.type)
    if (!kind) throw failed('distribution', 'wrong_type', link.type)
    const entry: Entry = message ? { link, kind, message } : { link, kind }
    h.entries.push(entry)
    if (message) h.byBC.set(message.bc, entry)
  }
  distribution(h)
  const certificate = approval(h)
  const lots = material(h)
  // A changed message has another digest, so the one after it misses it. That counts
  // last: the step that verifies the changed message names it first.
  if (h.gap) throw h.gap
  foreign(h)
  return { lots, certificate }
}

/** convict blames the owner of a key that signed what he must not have signed, as one of these roles. */
function convict({ facts }: History, f: Refusal, k: Holder, as: string[]): Refusal {
  // A key that does not count any more may have been stolen: then only the log tells when it signed.
  if (!facts.logged && !countsAt(k, facts.now)) return f
  const roles = facts.members.get(k.member)?.roles ?? []
  const [first] = roles
  if (first === undefined) return f
  return Object.assign(f, { blame: as.find((r) => roles.includes(r)) ?? first, proven: true })
}

/** contradiction blames the sender, whose own valid signature it is. */
const contradiction = (h: History, e: Verified, ...values: Value[]) =>
  convict(h, failedAt(e, 'contradiction', e.holder.member, ...values), e.holder, e.kind.from)

/** impersonation looks at a signature that does not count for whom it names: another's valid one proves against him. */
const impersonation = (h: History, f: Refusal, k: Holder, as: string, s: Signature, at: bigint): Refusal =>
  k.member === as || fault(s, k, k.member, at) ? f : convict(h, f, k, [paper[f.step as Step]])

/** each verifies the exchanges of a type. */
function each(h: History, type: Kind['type']): Verified[] {
  return h.entries
    .filter((e) => e.kind.type === type)
    .map((entry) => {
      const e = signed(h, entry)
      // A message that nobody anchored still shows who signed it.
      contradicts(h, e)
      placed(e, () => anchored(h, e))
      const { iss, aud } = e.message.claims
      h.pass(e.kind.step, 'exchange', type, iss, aud, date(e.link.anchored))
      return e
    })
}

/** signed verifies the sender's signature, with a key that counted when the block was made, and the body. */
function signed(h: History, e: Entry): Verified {
  if (e.content) return e as Verified
  const { link, kind } = e
  const m = link.message
  if (m instanceof Refusal) throw failedAt(e, m.code, ...m.values)
  const { claims: c, signature } = m
  if (c.type !== link.type) throw failedAt(e, 'wrong_type', link.type)
  const holder = h.facts.holders.get(signature.kid)
  const wrong = fault(signature, holder, c.iss, link.anchored)
  const f = wrong && failedAt(e, wrong.code, ...wrong.values)
  if (!holder) throw f
  if (f) throw impersonation(h, f, holder, c.iss, signature, link.anchored)
  if (toText(bodyDigest(link.body)) !== c.body_digest) throw failedAt(e, 'body_mismatch')
  const content = placed(e, () => readContent(kind, link.body))
  return Object.assign(e, { message: m, holder, content })
}

/** contradicts holds what a sender signed against the ledger and against what it answers. */
function contradicts(h: History, e: Verified): void {
  const { batchID, batch, certificate } = h.facts
  const { content: c, kind, holder } = e
  const want = batch.release
  if (kind.type === 'msdm/1') checkSupply(h, e)
  if (kind.type === 'dadm/1') checkIssuer(h, e)
  const mine = c.parcels.filter((p) => p.batch === batchID)
  for (const p of mine) {
    if (p.expiry !== want.expiry || p.gtin !== want.gtin || p.lot !== want.lot) {
      throw contradiction(h, e, p.gtin, p.lot, p.expiry, want.gtin, want.lot, want.expiry)
    }
  }
  for (const x of c.expiries) {
    if (x.batch === batchID && x.expiry !== want.expiry) throw contradiction(h, e, x.expiry, want.expiry)
  }
  if (kind.type === 'dmdd/1' && mine.length > 0 && (c.certificate !== want.certificate || !certificate)) {
    throw convict(h, failed('approval', 'not_approved', c.certificate, want.certificate), holder, kind.from)
  }
}

/** checkSupply finds a supplier who signed another material than the request asked for. */
function checkSupply(h: History, e: Verified): void {
  const [only, more] = e.message.claims.prev
  const request = only !== undefined && more === undefined ? h.byBC.get(only) : undefined
  if (request?.kind.type !== 'dmms/1') return
  let asked: string
  try {
    asked = signed(h, request).content.material
  } catch (err) {
    if (err instanceof Refusal) return // the request's own check says what is wrong with it
    throw err
  }
  if (asked !== e.content.material) throw contradiction(h, e, e.content.material, asked)
}

/** checkIssuer finds a member who signed a Cert_D in the name of another. */
function checkIssuer(h: History, e: Verified): void {
  const { certificate: cert, anchored } = e.link
  const k = cert && h.facts.holders.get(cert.jws.signature.kid)
  if (!k) return
  const f = failedAt(e, 'bad_certificate', k.member, cert.issuer)
  if (impersonation(h, f, k, cert.issuer, cert.jws.signature, anchored).proven) throw f
}

/** anchored verifies that the receiver uploaded the message (equations 68 to 73) and signed for it. */
function anchored(h: History, e: Verified): void {
  const { message: m, link } = e
  if (m.paper !== m.paperBC) throw new Refusal('bc_mismatch')
  const wrong = fault(m.anchor, h.facts.holders.get(m.anchor.kid), m.claims.aud, link.anchored)
  if (wrong) throw wrong
  const prev: { kind: Kind; claims: Claims }[] = []
  for (const bc of m.claims.prev) {
    const { kind, message } = h.byBC.get(bc) ?? {}
    if (!kind || !message) {
      missing(h, e, bc)
      return
    }
    prev.push({ kind, claims: message.claims })
  }
  checkPrev(e.kind, m.claims, prev)
}

/** missing notes a predecessor that is not in the evidence, in the step that would verify it. */
function missing(h: History, e: Entry, bc: Digest): void {
  const before = find(e.kind.follows[0] ?? '') ?? e.kind
  h.gap ??= failed(before.step, 'unknown_prev', e.kind.type, bc)
}

/** moves reports whether the exchange hands the pack over. */
const moves = ({ facts }: History, e: Entry | undefined): boolean =>
  e?.content?.parcels.some((p) => covers(p, facts.batchID, facts.index)) ?? false

const follows = (e: Verified, before: Verified) => e.message.claims.prev.includes(before.message.bc)

/** distribution is step 1: status and distribution agree on the expiry date, and the pack went from hand to hand. */
function distribution(h: History): void {
  const { batch, batchID } = h.facts
  const statuses = each(h, 'dddm/1')
  const moved = each(h, 'dmdd/1').findLast((e) => moves(h, e))
  // Nobody but the manufacturer could have made it.
  if (!moved) throw Object.assign(failed('distribution', 'missing_exchange', 'dmdd/1'), { blame: 'manufacturer' })
  const confirmed = statuses.some((e) => follows(e, moved) && e.content.expiries.some((x) => x.batch === batchID))
  if (!confirmed) throw failed('distribution', 'missing_exchange', 'dddm/1')
  h.pass('distribution', 'expiry', batch.release.expiry)
  each(h, 'receipt/1')
  each(h, 'dispatch/1')
  custody(h)
}

function custody(h: History): void {
  const { batch, custodian } = h.facts
  let who = batch.holder
  for (const e of h.entries) {
    if (!moves(h, e)) continue
    const { iss, aud } = (e as Verified).message.claims
    if (iss !== who) throw failed('distribution', 'missing_exchange', 'dispatch/1', who, iss)
    who = aud
  }
  if (who !== custodian) throw failed('distribution', 'missing_exchange', 'dispatch/1', who, custodian)
  h.pass('distribution', 'custody', batch.holder, who)
}

/** approval is step 2: decision and dossier, and Cert_D under the drug administration's key. */
function approval(h: History): Certificate {
  const decisions = each(h, 'dadm/1')
  const dossiers = each(h, 'dmda/1')
  const { certificate: record, batch } = h.facts
  const { certificate: number, gtin } = batch.release
  if (!record) throw failed('approval', 'not_approved', number)
  const decision = decisions.find((e) => e.message.bc === record.anchor)
  if (!decision) throw failed('approval', 'missing_exchange', 'dadm/1', number)
  const dossier = dossiers.find((e) => follows(decision, e))
  if (!dossier) throw failed('approval', 'missing_exchange', 'dmda/1')
  const cert = decision.link.certificate
  if (!cert) throw failed('approval', 'bad_certificate', number)
  checkCertificate(h, cert, record, decision, dossier)
  h.pass('approval', 'certificate', number, record.issuer, gtin)
  return cert
}

function checkCertificate({ facts }: History, cert: Certificate, record: CertificateRecord, decision: Verified, dossier: Verified): void {
  const { batch, holders } = facts
  const { number, issuer, holder } = cert
  const { gtin } = batch.release
  const wrong = fault(cert.jws.signature, holders.get(cert.jws.signature.kid), issuer, decision.link.anchored)
  if (wrong) throw failed('approval', wrong.code === 'unknown_key' ? wrong.code : 'bad_certificate', ...wrong.values)
  const registered = cert.digest === record.digest && issuer === record.issuer && number === record.number
  if (!registered || cert.dossier !== dossier.content.documents || holder !== batch.holder) {
    throw failed('approval', 'bad_certificate', number, issuer, holder)
  }
  const made = time(batch.at)
  if (record.status !== valid || made < cert.start || made >= cert.end) throw failed('approval', 'not_approved', number)
  if (!cert.gtins.includes(gtin)) throw failed('approval', 'gtin_not_in_certificate', gtin)
}

/** material is step 3: supply and request of every lot of material in the batch and in its approval. It returns the lots of the batch. */
function material(h: History): LGTIN[] {
  const { materials } = h.facts.batch.release
  const supplies = each(h, 'msdm/1')
  const requests = each(h, 'dmms/1')
  const requested = supplies.every((s) => requests.some((q) => follows(s, q)))
  if (!requested) throw failed('material', 'missing_exchange', 'dmms/1')
  const supplied = materials.every((bc) => supplies.some((s) => s.message.bc === bc))
  if (!supplied || materials.length === 0) throw failed('material', 'missing_exchange', 'msdm/1')
  const lots = supplies.filter((s) => materials.includes(s.message.bc)).flatMap((s) => s.content.lots)
  h.pass('material', 'material', lots.length)
  return lots
}

/** foreign finds an exchange that is not of the history: who reads it might think that it proves something. */
function foreign(h: History): void {
  const { certificate, batch } = h.facts
  const part = new Set<Entry>()
  const waiting = [certificate?.anchor ?? '', ...batch.release.materials].map((bc) => h.byBC.get(bc))
  waiting.push(...h.entries.filter((e) => moves(h, e)))
  while (waiting.length > 0) {
    const e = waiting.pop()
    if (!e || part.has(e)) continue
    part.add(e)
    waiting.push(...(e as Verified).message.claims.prev.map((bc) => h.byBC.get(bc)))
  }
  for (const e of h.entries as Verified[]) {
    const answers = e.kind.type === 'dddm/1' || e.kind.type === 'receipt/1'
    if (answers && moves(h, h.byBC.get(e.message.claims.prev[0] ?? ''))) part.add(e)
  }
  const stranger = h.entries.find((e) => !part.has(e))
  if (stranger) throw failedAt(stranger, 'foreign_exchange')
}
