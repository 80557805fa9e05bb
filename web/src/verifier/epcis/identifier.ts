// Digital Links (URI Syntax 1.4) and EPC URNs (Tag Data Standard 1.13), read strictly.

import { utf8 } from '../bytes'
import { checked, isItem } from '../gs1'

/** Why an identifier was not read; it decides whether a URI was meant to be one. */
type Reason = 'form' | 'check digit' | 'unknown' | 'no key'

class Slip extends Error {
  constructor(readonly reason: Reason) {
    super(reason)
  }
}

const need = (ok: unknown, reason: Reason = 'form') => {
  if (!ok) throw new Slip(reason)
}

interface AI {
  ai: string
  alias?: string
  length?: number // digits; without one 1 to 20 characters of set 82
  date?: boolean
  attribute?: boolean // may stand in the query of a Digital Link
  qualifiers?: string[] // of this key, in the order of the path
}

const table: AI[] = [
  { ai: '00', alias: 'sscc', length: 18, attribute: true, qualifiers: [] },
  { ai: '01', alias: 'gtin', length: 14, attribute: true, qualifiers: ['10', '21'] },
  { ai: '02', length: 14, attribute: true },
  { ai: '10', alias: 'lot', attribute: true },
  { ai: '11', length: 6, date: true, attribute: true },
  { ai: '17', length: 6, date: true, attribute: true },
  { ai: '21', alias: 'ser' },
  { ai: '254', alias: 'glnx' },
  { ai: '414', alias: 'gln', length: 13, attribute: true, qualifiers: ['254'] },
  { ai: '417', alias: 'party', length: 13, attribute: true, qualifiers: [] },
]

/** An Identifier is its values by AI. */
export type Identifier = Map<string, string>

const isDigits = (s: string) => /^[0-9]+$/.test(s)

function formatOf(ai: string): AI {
  const found = table.find((f) => f.ai === ai)
  need(found || (ai.length >= 2 && ai.length <= 4 && isDigits(ai)))
  need(found, 'unknown')
  return found as AI
}

/** isDay reports whether six digits YYMMDD are a date of 1951 to 2050, which the window around 2000 is. */
function isDay(s: string): boolean {
  const yy = Number(s.slice(0, 2))
  const year = yy >= 51 ? 1900 + yy : 2000 + yy
  const [month, days] = [Number(s.slice(2, 4)), Number(s.slice(4))]
  return month >= 1 && month <= 12 && days <= new Date(Date.UTC(year, month, 0)).getUTCDate()
}

function checkValue(f: AI, value: string): void {
  need(f.length ? value.length === f.length && isDigits(value) : isItem(value))
  if (f.date) need(isDay(value))
  else if (f.length) need(checked(value, f.length), 'check digit')
}

const unreserved = 'A-Za-z0-9\\-._~'
const segment = new RegExp(`^[${unreserved}!$&'()*+,;=:@]$`)
const queryByte = new RegExp(`^[${unreserved}!$&'()*+,;=:@/?]$`)
const urnByte = /^[!'()*+,\-.0-9:;=A-Z_a-z]$/

/** decode decodes s, in which every character is plain or percent-encoded; a byte comes as a character. */
function decode(s: string, plain: RegExp): string {
  let out = ''
  for (let i = 0; i < s.length; i++) {
    const c = s.charAt(i)
    if (plain.test(c)) {
      out += c
      continue
    }
    need(c === '%')
    const hex = s.slice(i + 1, i + 3)
    need(/^[0-9A-Fa-f]{2}$/.test(hex))
    out += String.fromCharCode(Number.parseInt(hex, 16))
    i += 2
  }
  return out
}

type Element = [f: AI, value: string]

function linkElement(f: AI, raw: string): Element {
  let value = decode(raw, segment)
  if (f.ai === '01' && [8, 12, 13].includes(value.length)) value = value.padStart(14, '0')
  checkValue(f, value)
  return [f, value]
}

/** linkFormat returns the row of an AI or short name in a path. */
function linkFormat(s: string): AI {
  const named = table.find((f) => f.alias === s)
  if (named) return named
  need(isDigits(s) && s.length <= 4, 'no key')
  return formatOf(s)
}

function reads<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (err) {
    if (err instanceof Slip) return undefined
    throw err
  }
}

/** parsePath reads …/key/value[/qualifier/value]… from the right. */
function parsePath(path: string): Element[] {
  const parts = path.split('/')
  let start = parts.length
  let key: AI
  do {
    start -= 2
    need(start >= 0, 'no key')
    key = linkFormat(parts[start] as string)
  } while (!key.qualifiers)
  for (let i = 0; i < start - 1; i++) {
    const f = reads(() => linkFormat(parts[i] as string))
    need(!f?.qualifiers || !reads(() => linkElement(f, parts[i + 1] as string)))
  }
  for (const s of parts.slice(0, start)) decode(s, segment)
  return pairs(parts.slice(start))
}

function pairs(parts: string[]): Element[] {
  const elements: Element[] = []
  for (let i = 0; i < parts.length; i += 2) {
    const e = linkElement(linkFormat(parts[i] as string), parts[i + 1] as string)
    need(e[1] !== '.' && e[1] !== '..')
    elements.push(e)
  }
  let allowed = elements[0]?.[0].qualifiers ?? []
  for (const [f] of elements.slice(1)) {
    need(allowed.includes(f.ai))
    allowed = allowed.slice(allowed.indexOf(f.ai) + 1)
  }
  return elements
}

function parseQuery(query: string, key: AI): Element[] {
  need(!query.includes(';'))
  const elements: Element[] = []
  for (const param of query.split('&')) {
    const cut = param.indexOf('=')
    const name = decode(cut < 0 ? param : param.slice(0, cut), queryByte)
    const raw = cut < 0 ? '' : param.slice(cut + 1)
    if (!isDigits(name)) {
      decode(raw, queryByte)
      continue
    }
    const f = formatOf(name)
    need(f.attribute && !key.qualifiers?.includes(f.ai))
    need(!raw.includes('+'))
    elements.push(linkElement(f, raw))
  }
  return elements
}

const cut = (s: string, at: string): [string, string] => {
  const i = s.indexOf(at)
  return i < 0 ? [s, ''] : [s.slice(0, i), s.slice(i + at.length)]
}

function parseLink(s: string): Element[] {
  const [scheme, after] = cut(s, '://')
  need(s.includes('://') && /^https?$/i.test(scheme))
  const [upTo, fragment] = cut(after, '#')
  const [place, query] = cut(upTo, '?')
  const [authority, path] = cut(place, '/')
  need(/^[A-Za-z0-9\-.]+(:[0-9]{1,5})?$/.test(authority))
  need(/^[A-Za-z\-._]*$/.test(fragment))
  const elements = parsePath(path)
  elements.push(...parseQuery(query, (elements[0] as Element)[0]))
  need(new Set(elements.map(([f]) => f.ai)).size === elements.length)
  return elements
}

const schemes: [name: string, key: string, extension: string][] = [
  ['id:sgtin:', '01', '21'],
  ['class:lgtin:', '01', '10'],
  ['idpat:sgtin:', '01', '*'],
  ['id:sscc:', '00', ''],
  ['id:sgln:', '414', '254'],
  ['id:pgln:', '417', ''],
]

const checkDigit = (digits: string): string => {
  for (let d = 0; d < 9; d++) if (checked(digits + d, digits.length + 1)) return digits + d
  return `${digits}9`
}

function parseURN(s: string): Element[] {
  const found = schemes.find(([name]) => s.startsWith(`urn:epc:${name}`))
  need(found)
  const [name, ai, extension] = found as [string, string, string]
  const body = s.slice(8 + name.length)
  const [prefix, rest] = cut(body, '.')
  const [reference, last] = cut(rest, '.')
  need(body.includes('.') && rest.includes('.') === (extension !== ''))
  need(prefix.length >= 6 && prefix.length <= 12)
  const key = formatOf(ai)
  need(prefix.length + reference.length === (key.length as number) - 1)
  const leads = ai === '00' || ai === '01'
  const digits = leads ? reference.slice(0, 1) + prefix + reference.slice(1) : prefix + reference
  need(isDigits(digits))
  const first: Element = [key, checkDigit(digits)]
  if (extension === '' || (extension === '*' && last === '*')) return [first]
  need(extension !== '*')
  const value = decode(last, urnByte)
  if (extension === '254' && value === '0') return [first]
  const f = formatOf(extension)
  checkValue(f, value)
  return [first, [f, value]]
}

/** An Identity is what a URI names, in the one spelling of it; pack is there if it is one. */
export interface Identity {
  uri: string
  pack?: { gtin: string; serial: string }
}

/** identityLink returns what the elements name, without what they say about it. */
function identityLink(elements: Element[]): Identity {
  const id: Identifier = new Map(elements.map(([f, value]) => [f.ai, value]))
  need(!(id.has('02') && id.has('01')))
  const keys = ['01', '00', '414', '417'].filter((k) => id.has(k))
  need(keys.length === 1)
  const [serial, lot, key] = [id.get('21'), id.get('10'), keys[0] as string]
  need((serial === undefined && lot === undefined) || key === '01', 'no key')
  const extension = serial !== undefined ? '21' : lot !== undefined ? '10' : '254'
  const value = id.get(extension)
  need(value !== '.' && value !== '..')
  need(value === undefined || extension !== '254' || key === '414')
  const uri = `${key}/${id.get(key)}${value === undefined ? '' : `/${extension}/${value}`}`
  return extension === '21' ? { uri, pack: { gtin: id.get('01') as string, serial: serial as string } } : { uri }
}

const knownURN = /^urn:epc:(?:id:sgtin:|id:sscc:|id:sgln:|id:pgln:|class:lgtin:|idpat:sgtin:)/

/** identity reads a URI of an event: a slip in one that was meant for GS1 is thrown, any other URI is one as it stands. */
export function identity(given: string): Identity {
  const uri = /^urn:epc:/i.test(given) ? `urn:epc:${given.slice(8)}` : given
  if (!uri.startsWith('urn:epc:') && !/^https?$/iu.test(cut(uri, ':')[0])) return { uri }
  try {
    need(utf8(uri).length <= 2048)
    return identityLink(uri.startsWith('urn:') ? parseURN(uri) : parseLink(uri))
  } catch (err) {
    if (!(err instanceof Slip)) throw err
    const host = cut(cut(uri, '://')[1], '/')[0]
    const meant = uri.startsWith('urn:epc:')
      ? knownURN.test(uri)
      : err.reason !== 'no key' && err.reason !== 'unknown' && (err.reason === 'check digit' || /^id\.gs1\.org$/iu.test(host))
    if (meant) throw err
    return { uri }
  }
}
