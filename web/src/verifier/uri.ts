// URIs as EPCIS asks for them.

/** isURI reports whether s is an absolute URI or IRI (RFC 3986, RFC 3987). */
export const isURI = (s: string): boolean =>
  /^[A-Za-z][A-Za-z0-9+\-.]*:./u.test(s) && !/["<>\\^`{|}]|%(?![0-9A-Fa-f]{2})|[^\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(s)

/** isCompact reports whether s begins with a prefix of the GS1 EPCIS context, and stands for another URI. */
export const isCompact = (s: string): boolean => /^(cbv|cbvmda|dcterms|epcis|gs1|owl|rdfs|xsd):(?!\/\/)/.test(s)
