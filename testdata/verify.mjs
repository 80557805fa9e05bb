// Verifies a Theriac bundle with public keys alone. It shares no code with the
// product and uses nothing but Node's own crypto; docs/formats.md is its source.
// What the ledger enforced when it admitted a message (roles, the form of single
// fields) is not repeated here: the log proves that it was admitted.
//
//	node verify.mjs TRUST BUNDLE [TIME]   prints a verdict; exit 0 genuine, 1 refused, 2 unreadable, 3 undecided
//	node verify.mjs --index DIR           prints a verdict for each entry of DIR/index.json
import crypto from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { Refusal, b64, cbor, decode, digest, encode, hash, hashes, included, jcs, leafHash, multi, must, parseJSON, proven, refuse, root, same,
  sha256, shape, u64, utf8 } from './verify/forms.mjs'
import { checkSet, lightClient, nanos } from './verify/headers.mjs'
import { measured } from './verify/measured.mjs'

// read parses a bundle and holds every object against its members.
function read(raw) {
  const b = parseJSON(raw, 'bundle')
  shape(b, 'chain exchanges log pack root state type', 'document transformation')
  must(b.type === 'theriac/bundle/1', 'another type', 'unreadable')
  for (const { commit, header, validators } of b.chain.map((l) => shape(l, 'commit header validators'))) {
    shape(shape(commit, 'block_id height round signatures').block_id, 'hash parts_hash parts_total')
    commit.signatures.forEach((v) => shape(v, 'address flag signature timestamp'))
    shape(header, 'app_hash chain_id consensus_hash data_hash evidence_hash height last_block_id last_commit_hash last_results_hash ' +
      'next_validators_hash proposer_address time validators_hash version')
    shape(header.version, 'app block')
    digest(commit.block_id.parts_hash)
    validators.forEach((v) => b64(shape(v, 'key power').key))
  }
  for (const x of b.exchanges) {
    shape(x, 'anchor body envelope leaf type')
    shape(x.anchor, 'id kid paper signature time')
    shape(x.leaf, 'height index time')
    x.body.forEach((f) => shape(f, '', 'hash name salt value '))
  }
  shape(shape(b.pack, 'index pack path').pack, 'expiry gtin lot salt serial')
  shape(b.root, 'log_root log_size state_root version')
  b.state.forEach((r) => b64(shape(r, 'bucket key siblings', 'value').key))
  return b
}

// readTrust reads what a verifier pins.
function readTrust(raw) {
  const t = shape(JSON.parse(raw), 'chain_id height max_age_seconds validators')
  must(t.chain_id !== '' && t.height >= 0 && t.max_age_seconds > 0, 'trust root', 'unreadable')
  checkSet(t.validators)
  return t
}

const half = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n // of P-256's order, rounded down

// es256 verifies r ‖ s, s low, under an uncompressed point.
function es256(point, data, sig, what) {
  must(sig.length === 64 && BigInt('0x' + sig.subarray(32).toString('hex')) <= half, `${what}: high s`)
  const jwk = { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') }
  const key = crypto.createPublicKey({ key: jwk, format: 'jwk' })
  must(crypto.verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, sig), `${what}: signature does not verify`)
}
const thumbprint = (p) => sha256(utf8(jcs({ crv: 'P-256', kty: 'EC', x: p.subarray(1, 33).toString('base64url'), y: p.subarray(33).toString('base64url') })))
  .toString('base64url')

// parseJWS reads a compact JWS with the one header that it may have.
function parseJWS(text, typ) {
  const parts = text.split('.')
  must(parts.length === 3, 'JWS')
  const [header, payload, signature] = parts.map((p) => b64(p))
  const { kid } = JSON.parse(header)
  must(header.toString() === `{"alg":"ES256","kid":"${kid}","typ":"${typ}"}`, 'JWS header')
  return { kid, claims: parseJSON(payload, 'claims'), signature, signed: utf8(parts[0] + '.' + parts[1]) }
}

// bodyDigest covers the fields of a body, shown or withheld.
const bodyDigest = (body) => hash('theriac/body/1', Buffer.from([body.length]), root(body.map((f) => f.name === undefined
  ? digest(f.hash)
  : leafHash(encode('theriac/field/1', utf8(f.name), b64(f.salt ?? 'A'.repeat(22), 16), utf8(jcs(f.value)))))))

// cborBody is the body as it stands in the anchoring transaction.
const cborBody = (body) => cbor(body.map((f) => f.name === undefined
  ? new Map([[4, digest(f.hash)]])
  : new Map([[1, f.name], ...(f.salt ? [[2, b64(f.salt, 16)]] : []), [3, utf8(jcs(f.value))]])))

class Verification {
  constructor(bundle, trust, now) { Object.assign(this, { b: bundle, trust, now }) }

  run() {
    for (const step of ['header', 'records', 'pack', 'history', 'measured', 'today', 'fresh']) this[step]()
    return 'genuine'
  }

  header() {
    const { root: r } = this.b
    this.at = lightClient(this.trust, this.b.chain)
    const app = hash('theriac/app/1', u64(r.version), u64(r.log_size), digest(r.log_root), digest(r.state_root))
    must(r.version === 1 && same(app, digest(this.at.app_hash)), 'header covers another state')
  }

  records() {
    this.state = new Map()
    let last = Buffer.alloc(0)
    for (const r of this.b.state) {
      const key = b64(r.key)
      must(Buffer.compare(last, key) < 0, 'records do not rise')
      last = key
      proven(r, digest(this.b.root.state_root))
      this.state.set(key.toString('latin1'), r.value === undefined ? null : decode(b64(r.value)))
    }
    this.keys = new Map() // by thumbprint
    for (const [key, m] of this.state) {
      if (key.startsWith('member/') && m) {
        for (const k of m.get(9)) {
          this.keys.set(thumbprint(k.get(1)), { member: m.get(1), point: k.get(1), from: k.get(2), until: k.get(3), revoked: k.get(4) })
        }
      }
      if (!key.startsWith('batch/') || !m) continue
      must(!this.batch, 'a second batch')
      Object.assign(this, { batchID: Buffer.from(key.slice(6), 'latin1'), batch: m, release: m.get(1) })
    }
    must(this.batch, 'no batch')
    for (const [key, a] of this.state) {
      if (!key.startsWith('alert/')) continue
      const { index } = this.b.pack
      must(a && same(a.get(2), this.batchID) && a.get(3).some((r) => r.get(1) <= index && index < r.get(2)), 'an alert about other packs')
    }
  }

  // record returns a record that the bundle must bring; null if the ledger has none.
  record(prefix, ...rest) {
    const key = Buffer.concat([utf8(prefix), ...rest.map((p) => Buffer.from(p))]).toString('latin1')
    must(this.state.has(key), `record ${prefix} is missing`)
    return this.state.get(key)
  }

  // key returns the key of a member that counted at a time, in milliseconds.
  key(kid, member, at) {
    const k = this.keys.get(kid)
    must(k && k.member === member, `key ${kid} is not ${member}'s`)
    must(at >= k.from && (!k.until || at < k.until) && (!k.revoked || at < k.revoked), `key ${kid} did not count then`)
    return k.point
  }

  pack() {
    const { index, pack: p, path: proof } = this.b.pack
    const r = this.release
    must(p.gtin === r.get(1) && p.lot === r.get(2) && p.expiry === r.get(3), 'pack of another batch')
    const leaf = leafHash(hash('theriac/pack/1', ...[p.gtin, p.serial, p.lot, p.expiry].map(utf8), b64(p.salt, 16)))
    must(same(included(leaf, index, r.get(4), hashes(proof)), r.get(5)), 'pack is not in the batch')
    const number = Buffer.alloc(4)
    number.writeUInt32BE(Math.floor(index / 2048))
    this.page = this.record('units/', this.batchID, number) ?? new Map()
    const i = index % 2048
    this.unit = this.page.get(1)?.length ? this.page.get(1)[i >> 1] >> 4 * (i % 2) & 15 : r.get(9)
    this.custodian = this.page.get(2)?.find((run) => i < run.get(1))?.get(2) ?? this.batch.get(2)
  }

  history() {
    if (!this.release.get(6)) return this.captured()
    must(this.b.document === undefined, 'a document beside the history')
    this.links = this.b.exchanges.map((x) => this.link(x))
    this.logged()
    for (const l of this.links) this.follows(l)
    this.custody()
    this.approval()
    this.material()
    this.foreign()
    this.made()
  }

  // link verifies one message, its body, and the transaction that anchored it,
  // which is rebuilt.
  link(x) {
    const jws = parseJWS(x.envelope, 'theriac+jws')
    const c = shape(jws.claims, 'aud body_digest case exp iat iss jti prev type')
    must(c.type === x.type, 'type')
    es256(this.key(jws.kid, c.iss, x.leaf.time), jws.signed, jws.signature, c.type)
    must(same(bodyDigest(x.body), digest(c.body_digest)), `${c.type}: body`)
    must(same(sha256(jws.signature), digest(x.anchor.paper)), `${c.type}: BC is not h(r, s)`)
    const body = cbor(new Map([[1, utf8(x.envelope)], [2, cborBody(x.body)], [3, digest(x.anchor.paper)]]))
    const id = b64(x.anchor.id, 16)
    const tx = cbor(new Map([[1, this.trust.chain_id], [2, 'exchange'], [3, c.aud], [4, id], [5, x.anchor.time], [6, body]]))
    const header = cbor(new Map([[1, -7], [4, digest(x.anchor.kid)], [16, 'application/theriac-tx']]))
    const sig = b64(x.anchor.signature, 64)
    es256(this.key(x.anchor.kid, c.aud, x.leaf.time), cbor(['Signature1', header, Buffer.alloc(0), tx]), sig, `anchor of ${c.type}`)
    const operation = hash('theriac/operation/1', utf8(c.aud), id)
    const raw = cbor([header, new Map(), tx, sig])
    const leaf = leafHash(encode('theriac/leaf/1', sha256(raw), operation, Buffer.from([1]), u64(x.leaf.height), u64(x.leaf.time)))
    const fields = Object.fromEntries(x.body.filter((f) => f.name !== undefined).map((f) => [f.name, f.value]))
    return { c, fields, leaf, index: x.leaf.index, at: x.leaf.time, bc: sha256(utf8(x.envelope)).toString('base64url') }
  }

  logged() {
    const { log, root: r } = this.b
    const leaves = this.links.map((l) => [l.index, l.leaf])
    must(leaves.length > 0 && same(multi(leaves, r.log_size, hashes(log)), digest(r.log_root)), 'exchanges are not in the log')
  }

  // follows verifies that a message follows others of the history that it may.
  follows({ c }) {
    const may = { 'dmms/1': [], 'msdm/1': ['dmms/1'], 'dmda/1': ['msdm/1', 'dadm/1'], 'dadm/1': ['dmda/1'], 'dmdd/1': ['dadm/1'],
      'dddm/1': ['dmdd/1'], 'dispatch/1': ['dmdd/1', 'dispatch/1'], 'receipt/1': ['dispatch/1'] }[c.type]
    must(may && (may.length > 0) === (c.prev.length > 0), `${c.type} follows ${c.prev.length} messages`)
    for (const bc of c.prev) {
      const p = this.find(bc)
      must(p && may.includes(p.c.type) && p.c.aud === c.iss, `what ${c.type} follows is not in the evidence`)
      if (['msdm/1', 'dadm/1', 'dddm/1', 'receipt/1'].includes(c.type)) {
        must(c.prev.length === 1 && p.c.iss === c.aud && p.c.case === c.case, `${c.type} answers another`)
      }
    }
  }
  find(bc) { return this.links.find((l) => l.bc === bc) }
  of(type) { return this.links.filter((l) => l.c.type === type) }

  parcels(l) {
    const id = this.batchID.toString('base64url')
    return ['dmdd/1', 'dispatch/1'].includes(l.c.type) ? l.fields.parcels.filter((p) => p.batch === id) : []
  }
  moves(l) { return this.parcels(l).some((p) => p.ranges.some((r) => r.from <= this.b.pack.index && this.b.pack.index < r.to)) }

  // custody: step 1 of the paper, and from hand to hand without a gap.
  custody() {
    const [gtin, lot, expiry] = [1, 2, 3].map((n) => this.release.get(n))
    let who = this.batch.get(2)
    for (const l of this.links) {
      must(this.parcels(l).every((p) => p.expiry === expiry && p.gtin === gtin && p.lot === lot), `${l.c.type} contradicts the ledger`)
      if (!this.moves(l)) continue
      must(l.c.iss === who, 'a hand-over is missing')
      who = l.c.aud
    }
    must(who === this.custodian, 'somebody else has the pack')
    const id = this.batchID.toString('base64url')
    const confirmed = (d) => this.of('dddm/1').some((s) => s.c.prev[0] === d.bc && s.fields.expiries.some((e) => e.batch === id))
    must(this.of('dddm/1').every((s) => s.fields.expiries.every((e) => e.batch !== id || e.expiry === expiry)), 'expiry date')
    const given = this.of('dmdd/1').filter((l) => this.moves(l))
    must(given.length > 0 && confirmed(given.at(-1)), 'no distribution, or not confirmed')
    must(given.every((l) => l.fields.certificate === this.release.get(6)), 'distributed under another certificate')
  }

  // approval: step 2.
  approval() {
    const record = this.record('certificate/', utf8(this.release.get(6)))
    must(record && record.get(9) === 1, 'not approved')
    const decision = this.find(record.get(6).toString('base64url'))
    const dossier = decision && this.find(decision.c.prev[0])
    must(dossier && decision.c.type === 'dadm/1', 'no decision or dossier')
    const cert = parseJWS(decision.fields.certificate, 'vc+jwt')
    const vc = cert.claims
    const issuer = vc.issuer.replace('https://id.gs1.org/417/', '')
    es256(this.key(cert.kid, issuer, decision.at), cert.signed, cert.signature, 'Cert_D')
    const s = vc.credentialSubject
    must(same(sha256(utf8(decision.fields.certificate)), record.get(5)) && issuer === record.get(2) && s.number === record.get(1), 'another Cert_D')
    must(vc.credentialStatus.id === `theriac:${this.trust.chain_id}/certificate/${s.number}`, 'Cert_D of another chain')
    must(s.dossier === dossier.fields.documents && s.holder === this.batch.get(2), 'Cert_D for another dossier or holder')
    const made = this.batch.get(3)
    must(made >= Date.parse(vc.validFrom) && made < Date.parse(vc.validUntil), 'Cert_D was not valid')
    must(s.gtins.includes(this.release.get(1)), 'Cert_D does not list the product')
  }

  // material: step 3.
  material() {
    for (const l of this.of('msdm/1')) must(this.find(l.c.prev[0]).fields.material === l.fields.material, 'another material')
    const used = (this.release.get(8) ?? []).map((bc) => this.find(bc.toString('base64url')))
    must(used.length > 0 && used.every((l) => l?.c.type === 'msdm/1'), 'supply is missing')
    this.lots = used.flatMap((l) => l.fields.lots)
  }

  // foreign: nothing else stands in the evidence.
  foreign() {
    const part = new Set()
    const take = (l) => {
      if (part.has(l)) return
      part.add(l)
      l.c.prev.forEach((bc) => take(this.find(bc)))
    }
    take(this.find(this.record('certificate/', utf8(this.release.get(6))).get(6).toString('base64url')))
    this.release.get(8).forEach((bc) => take(this.find(bc.toString('base64url'))))
    this.links.filter((l) => this.moves(l)).forEach(take)
    this.links.filter((l) => ['dddm/1', 'receipt/1'].includes(l.c.type) && this.moves(this.find(l.c.prev[0]))).forEach((l) => part.add(l))
    must(part.size === this.links.length, 'an exchange of another history')
  }

  made() {
    const raw = b64(this.b.transformation)
    must(same(sha256(raw), this.release.get(7)), 'another transformation')
    const [event] = parseJSON(raw, 'transformation').epcisBody.eventList
    const [gtin, lot] = [1, 2].map((n) => this.release.get(n))
    const output = event.outputQuantityList.map((q) => q.epcClass)
    must(output.length === 1 && output[0] === `https://id.gs1.org/01/${gtin}/10/${encodeURIComponent(lot)}`, 'transformation into another lot')
    const lots = this.lots.map((l) => `https://id.gs1.org/01/${l.gtin}/10/${encodeURIComponent(l.lot)}`)
    const inputs = event.inputQuantityList.map((q) => q.epcClass)
    must(inputs.length > 0 && inputs.every((lot) => lots.includes(lot)), 'made of other material')
  }

  // captured: an EPCIS document in JSON, of which only the plainest spelling is read here.
  captured() {
    must(this.b.exchanges.length === 0 && this.b.log === '' && this.b.transformation === undefined, 'a history beside the document')
    const raw = b64(this.b.document)
    must(same(sha256(raw), this.release.get(10)), 'another document')
    must(this.record('evidence/', this.release.get(10), utf8(this.batch.get(2))), 'document is not anchored')
    const p = this.b.pack.pack
    must(JSON.parse(raw).epcisBody.eventList.some((e) => e.type === 'ObjectEvent' && e.action === 'ADD' && e.bizStep === 'commissioning' &&
      e.ilmd['cbvmda:lotNumber'] === p.lot && e.ilmd['cbvmda:itemExpirationDate'] === p.expiry &&
      e.epcList.includes(`https://id.gs1.org/01/${p.gtin}/21/${encodeURIComponent(p.serial)}`)), 'document does not commission the pack')
  }

  measured() { measured(this) }

  today() {
    const product = this.record('product/', utf8(this.release.get(1)))
    must(this.batch.get(5) === 1 && (!product || product.get(3) === 1), 'recalled or withdrawn')
    // What only a document declares decides nothing, neither way.
    must(!this.release.get(6) || this.now < BigInt(Date.parse(this.release.get(3)) + 86400000) * 1000000n, 'expired')
    must(this.unit === 1, `pack is in state ${this.unit}`)
  }

  fresh() {
    const age = this.now - nanos(this.at.time)
    must(age <= BigInt(this.trust.max_age_seconds) * 1000000000n, 'evidence is too old', 'cannot_check')
    must(-age <= 300000000000n, 'evidence is from the future', 'cannot_check')
    if (!this.release.get(6)) refuse('no certificate proves an approval', 'captured')
  }
}

// verify returns [outcome, why].
function verify(trust, raw, now) {
  let bundle
  try { bundle = read(raw) } catch (e) { return ['unreadable', e.message] }
  try {
    return [new Verification(bundle, trust, now).run(), '']
  } catch (e) {
    // What is not as it should be may fail anywhere: then it is no evidence.
    return [e instanceof Refusal && e.outcome !== 'unreadable' ? e.outcome : 'refused', e.message]
  }
}

const clock = (text) => BigInt(text ? Date.parse(text) : Date.now()) * 1000000n
const [first, second, third] = process.argv.slice(2)
if (first === '--index') {
  for (const e of JSON.parse(fs.readFileSync(path.join(second, 'index.json')))) {
    const [outcome, why] = verify(readTrust(fs.readFileSync(path.join(second, e.trust))), fs.readFileSync(path.join(second, e.bundle)), clock(e.now))
    console.log([e.bundle, outcome, why].join('\t'))
  }
} else if (!second || ![first, second].every((f) => fs.existsSync(f))) {
  console.error('usage: node verify.mjs TRUST BUNDLE [TIME]')
  process.exitCode = 2
} else {
  const [outcome, why] = verify(readTrust(fs.readFileSync(first)), fs.readFileSync(second), clock(third))
  console.log(why ? `${outcome}: ${why}` : outcome)
  process.exitCode = { genuine: 0, refused: 1, unreadable: 2 }[outcome] ?? 3
}
