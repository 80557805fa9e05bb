// Cert_D, the drug approval certificate: a W3C verifiable credential as a JWS.

import { digest, held } from './bundle'
import { type Digest, fromUTF8, must, utf8, zeroDigest } from './bytes'
import { sum } from './canon'
import { type JWS, parseJWS } from './envelope'
import { risingGTINs } from './exchanges'
import { isGLN } from './gs1'
import { Reader, text } from './json'
import { as } from './refusal'

const issuerPrefix = 'https://id.gs1.org/417/'
const gln = held(isGLN, 'no GLN')
const texts = (r: Reader) => r.list(text)

// A time in whole seconds, UTC.
const stamp = held((s) => {
  const at = Date.parse(s)
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(s) && !Number.isNaN(at) && new Date(at).toISOString() === s.replace('Z', '.000Z')
}, 'no time')

const subject = (r: Reader) =>
  r.object((m) => ({
    dossier: m.need('dossier', digest),
    form: m.need('form', text),
    gtins: m.need('gtins', risingGTINs),
    holder: m.need('holder', gln),
    markets: m.need('markets', texts),
    name: m.need('name', text),
    nationalCode: m.need('nationalCode', text),
    number: m.need('number', text),
    sites: m.need('sites', (r) => r.list(gln)),
    strength: m.need('strength', text),
    substance: m.need('substance', text),
  }))

const credential = (r: Reader) =>
  r.object((m) => ({
    context: m.need('@context', texts),
    status: m.need('credentialStatus', (r) => r.object((m) => ({ id: m.need('id', text), type: m.need('type', text) }))),
    subject: m.need('credentialSubject', subject),
    issuer: m.need('issuer', text),
    type: m.need('type', texts),
    validFrom: m.need('validFrom', stamp),
    validUntil: m.need('validUntil', stamp),
  }))

/** A Certificate that was read; nothing is verified yet. */
export type Certificate = ReturnType<typeof subject> & {
  issuer: string // GLN
  validFrom: string
  validUntil: string
  start: bigint // milliseconds
  end: bigint
  jws: JWS
  digest: Digest
}

const is = (list: string[], ...want: string[]) => list.length === want.length && list.every((s, i) => s === want[i])

/** parseCertificate reads a Cert_D for a chain; it refuses one that no drug administration of ours writes. */
export function parseCertificate(chainID: string, raw: string): Certificate {
  return as('bad_certificate', 'the certificate is not one that its issuer signed for this', () => {
    const jws = parseJWS(raw, 'vc+jwt')
    const c = Reader.whole(fromUTF8(jws.payload), credential)
    const s = c.subject
    must(
      is(c.context, 'https://www.w3.org/ns/credentials/v2') && is(c.type, 'VerifiableCredential', 'MedicineAuthorisation'),
      'another kind',
    )
    must(c.status.id === `theriac:${chainID}/certificate/${s.number}` && c.status.type === 'TheriacLedgerStatus', 'another chain')
    must(c.issuer.startsWith(issuerPrefix), 'issuer')
    must(s.dossier !== zeroDigest && s.name !== '', 'name or dossier is missing')
    must(/^[A-Za-z0-9\-._/]{1,40}$/.test(s.number), 'number')
    const [start, end] = [BigInt(Date.parse(c.validFrom)), BigInt(Date.parse(c.validUntil))]
    must(end > start, 'it is never valid')
    const { validFrom, validUntil } = c
    return { ...s, issuer: c.issuer.slice(issuerPrefix.length), validFrom, validUntil, start, end, jws, digest: sum(utf8(raw)) }
  })
}
