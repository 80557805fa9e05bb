// GS1 Digital Links of any domain (URI Syntax 1.4), read strictly as in Go's
// gs1/link.go: a browser, a resolver and we must see the same identifier.
import { allDigits, cut, decode, type Element, element, type Format, formatOf, linkFormat, padGTIN, refuse } from './table'

const host = /^[A-Za-z0-9.-]+(:[0-9]{1,5})?$/
const fragmentText = /^[A-Za-z._-]*$/
const segment = /[A-Za-z0-9\-._~!$&'()*+,;=:@]/
const queryText = /[A-Za-z0-9\-._~!$&'()*+,;=:@/?]/

/** Returns the elements of a Digital Link and the host that it names. */
export function parseLink(s: string): { elements: Element[]; host: string } {
  const [written, rest, ok] = cut(s, '://')
  const scheme = written.toLowerCase()
  if (!ok || (scheme !== 'https' && scheme !== 'http')) refuse('scheme of digital link')
  const [unfragmented, fragment] = cut(rest, '#')
  const [unqueried, query] = cut(unfragmented, '?')
  const [authority, path] = cut(unqueried, '/')
  // User information in front of the host would show a domain that is not the domain.
  if (!host.test(authority)) refuse('domain of digital link')
  // A fragment never reaches the resolver: only the person would see a code in it.
  if (!fragmentText.test(fragment)) refuse('fragment of digital link')
  const elements = parsePath(path.split('/'))
  elements.push(...parseQuery(query, elements[0]?.format))
  if (new Set(elements.map((e) => e.format)).size < elements.length) refuse('AI twice in digital link')
  // As a browser writes it: location.host has no port that is the scheme's own.
  return { elements, host: authority.toLowerCase().replace(scheme === 'https' ? /:443$/ : /:80$/, '') }
}

/** Reads …/key/value[/qualifier/value]… from the right, since the domain's owner may put anything in front. */
function parsePath(segments: string[]): Element[] {
  let start = segments.length
  do {
    start -= 2
  } while (!pathFormat(segments[start]).key)
  checkStem(segments.slice(0, start))
  const elements: Element[] = []
  for (let i = start; i < segments.length; i += 2) {
    const e = linkElement(pathFormat(segments[i]), segments[i + 1] ?? '')
    // A browser takes it for a step in the path, however it is encoded.
    if (e.value === '.' || e.value === '..') refuse('dot segment in digital link')
    elements.push(e)
  }
  let allowed = elements[0]?.format.qualifiers ?? []
  for (const e of elements.slice(1)) {
    const i = allowed.indexOf(e.format.ai)
    if (i < 0) refuse(`AI ${e.format.ai} in path of digital link`)
    allowed = allowed.slice(i + 1)
  }
  return elements
}

const pathFormat = (s: string | undefined): Format => linkFormat(s ?? '') ?? refuse('path of digital link')

/** Refuses a second key in front of the one that is read: a reader that starts at the left would take that. */
function checkStem(segments: string[]): void {
  for (const [i, s] of segments.entries()) {
    decode(s, segment)
    const f = linkFormat(s)
    const value = segments[i + 1]
    if (f?.key && value !== undefined && isElement(f, value)) refuse('two keys in path of digital link')
  }
}

function isElement(f: Format, raw: string): boolean {
  try {
    linkElement(f, raw)
    return true
  } catch {
    return false
  }
}

function linkElement(f: Format, raw: string): Element {
  const value = decode(raw, segment)
  return element(f, f.ai === '01' ? padGTIN(value) : value)
}

/** Reads the attributes: a name of digits alone is an AI, any other is the domain owner's. */
function parseQuery(query: string, key: Format | undefined): Element[] {
  // Once a delimiter, today data: whoever means it writes %3B.
  if (query.includes(';')) refuse('semicolon in query of digital link')
  const elements: Element[] = []
  for (const param of query.split('&')) {
    const [escaped, raw] = cut(param, '=')
    const name = decode(escaped, queryText)
    if (!allDigits(name)) {
      decode(raw, queryText)
      continue
    }
    const f = formatOf(name)
    if (!f.open || key?.qualifiers?.includes(f.ai)) refuse(`AI ${f.ai} in query of digital link`)
    // Form decoders read a plus as a space.
    if (raw.includes('+')) refuse('plus in query of digital link')
    elements.push(linkElement(f, raw))
  }
  return elements
}
