type Fields = Record<string, unknown>

const isFields = (v: unknown): v is Fields => typeof v === 'object' && v !== null && !Array.isArray(v)

/**
 * Returns what a certificate says (a verifiable credential in a compact JWS), to be
 * read by people. Nothing is verified: the message came over the organisation's own
 * desk, which did.
 */
export function certified(jws: string): Fields | undefined {
  const payload = jws.split('.')[1]
  if (!payload || jws.split('.').length !== 3) return undefined
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
    const found: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return isFields(found) && isFields(found.credentialSubject) ? read(found, found.credentialSubject) : undefined
  } catch {
    return undefined
  }
}

function read(credential: Fields, subject: Fields): Fields {
  const { issuer, validFrom, validUntil } = credential
  const gln = typeof issuer === 'string' ? issuer.replace(/^https:\/\/id\.gs1\.org\/417\//, '') : issuer
  return { ...subject, issuer: gln, validFrom, validUntil }
}
