// Cert_D, the drug approval certificate: a W3C verifiable credential as a JWS.

import { type Digest, fromUTF8, must, utf8 } from './bytes'
import { sum } from './canon'
import { type JWS, parseJWS } from './envelope'
import { gln, risingGTINs, someDigest } from './forms'
import { instant } from './gs1'
import { exactly, held, list, object, text, whole } from './json'
import { as } from './refusal'

const issuerPrefix = 'https://id.gs1.org/417/'
const texts = list(text)

// In whole seconds, UTC.
const stamp = held((s) => s.endsWith('Z') && instant(s.slice(0, -1)) !== undefined)

const subject = object({
  dossier: someDigest,
  form: text,
  gtins: risingGTINs,
  holder: gln,
  markets: texts,
  name: held((s) => s),
  nationalCode: text,
  number: held((s) => /^[A-Za-z0-9\-._/]{1,40}$/.test(s)),
  sites: list(gln),
  strength: text,
  substance: text,
})

const credential = object({
  '@context': exactly(['https://www.w3.org/ns/credentials/v2']),
  credentialStatus: object({ id: text, type: exactly('TheriacLedgerStatus') }),
  credentialSubject: subject,
  issuer: held((s) => s.startsWith(issuerPrefix)),
  type: exactly(['VerifiableCredential', 'MedicineAuthorisation']),
  validFrom: stamp,
  validUntil: stamp,
})

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

/** parseCertificate reads a Cert_D for a chain; it refuses one that no drug administration of ours writes. */
export const parseCertificate = (chainID: string, raw: string): Certificate =>
  as('bad_certificate', () => {
    const jws = parseJWS(raw, 'vc+jwt')
    const { credentialStatus, credentialSubject, issuer, validFrom, validUntil } = whole(fromUTF8(jws.payload), credential)
    must(credentialStatus.id === `theriac:${chainID}/certificate/${credentialSubject.number}`)
    const [start, end] = [BigInt(Date.parse(validFrom)), BigInt(Date.parse(validUntil))]
    must(end > start)
    const digest = sum(utf8(raw))
    return { ...credentialSubject, issuer: issuer.slice(issuerPrefix.length), validFrom, validUntil, start, end, jws, digest }
  })
