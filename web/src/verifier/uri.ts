// URIs as EPCIS asks for them.

/** isURI reports whether s is an absolute URI or IRI (RFC 3986, RFC 3987). */
export const isURI = (s: string): boolean =>
  /^[A-Za-z][A-Za-z0-9+\-.]*:./u.test(s) && !/["<>\\^`{|}]|%(?![0-9A-Fa-f]{2})|[^\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(s)

/** standard are the prefixes of the GS1 EPCIS context. */
export const standard = new Map([
  ['cbv', 'https://ref.gs1.org/cbv/'],
  ['cbvmda', 'urn:epcglobal:cbv:mda:'],
  ['dcterms', 'http://purl.org/dc/terms/'],
  ['epcis', 'https://ref.gs1.org/epcis/'],
  ['gs1', 'https://gs1.org/voc/'],
  ['owl', 'http://www.w3.org/2002/07/owl#'],
  ['rdfs', 'http://www.w3.org/2000/01/rdf-schema#'],
  ['xsd', 'http://www.w3.org/2001/XMLSchema#'],
])

/** expand returns what a compact name stands for, or s if its prefix is not defined. */
export function expand(s: string, prefixes: Map<string, string>): string {
  const colon = s.indexOf(':')
  const namespace = colon < 0 ? undefined : prefixes.get(s.slice(0, colon))
  return namespace && !s.startsWith('//', colon + 1) ? namespace + s.slice(colon + 1) : s
}
