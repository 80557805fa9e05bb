// Reads what a person types or pastes or a scanner sends, as Go's package gs1
// does: testdata/gs1/identifiers.json holds the two to each other.
import { parseLink } from './link'
import { allDigits, CodeError, checkDigit, cut, decode, type Element, element, formatOf, leadingFormat, padGTIN, refuse } from './table'

export { CodeError } from './table'

export interface Identifier {
  gtin: string
  serial: string
  lot: string
  /** YYYY-MM-DD, or YYYY-MM-00 where the symbol names no day. */
  expiry: string
  sscc: string
  gln: string
  /** Of a Digital Link, in lower case, with its port unless that is the scheme's own. */
  host: string
}

const maxInput = 2000
const fnc1 = '\x1d'

/** Reads an element string with or without brackets or AIM symbology identifier, a Digital Link, an EPC URN, or bare digits. */
export function parseIdentifier(text: string, now: Date): Identifier {
  if (text.length > maxInput) throw new CodeError('oversized', `identifier of ${text.length} characters`)
  // GS is no white space here: it may be an FNC1.
  const s = text.replace(/^[ \t\r\n]+/, '').replace(/[ \t\r\n]+$/, '')
  const symbology = s.startsWith(']') ? s.slice(0, 3) : ''
  const data = s.slice(symbology.length)
  const linkable = symbology ? symbology === ']d1' || symbology === ']Q1' : /^[A-Za-z]/.test(data) && !data.startsWith('urn:')
  if (linkable) {
    const { elements, host } = parseLink(data)
    return collect(elements, host, now)
  }
  return collect(symbology ? parseScan(symbology, data) : parseText(data), '', now)
}

/** Writes the form for people, (01)…(17)…(10)…(21)…, as far as there is something to write. */
export function elementString(id: Pick<Identifier, 'gtin' | 'expiry' | 'lot' | 'serial'>): string {
  const values = { '01': id.gtin, '17': id.expiry.replaceAll('-', '').slice(2), '10': id.lot, '21': id.serial }
  const order = ['01', '17', '10', '21'] as const
  return order.map((ai) => (values[ai] ? `(${ai})${values[ai].replaceAll('(', '\\(')}` : '')).join('')
}

function parseText(s: string): Element[] {
  if (s.startsWith('(')) return parseBracketed(s)
  if (s.startsWith('urn:')) return parseURN(s)
  // No element string that holds a key is so short, and a slip in a GTIN must not turn it into a lot.
  return allDigits(s) && (s.length === 18 || padGTIN(s).length === 14) ? parseBare(s) : parseElements(s)
}

/** Reads what a scanner sends that names the symbology (ISO/IEC 15424). */
function parseScan(symbology: string, data: string): Element[] {
  if ([']d2', ']C1', ']Q3', ']e0', ']J1'].includes(symbology)) return parseElements(data)
  if ((symbology === ']E0' && data.length === 13) || (symbology === ']E4' && data.length === 8)) return parseBare(data)
  return refuse('symbology identifier')
}

const parseBare = (digits: string): Element[] => [element(formatOf(digits.length === 18 ? '00' : '01'), padGTIN(digits))]

/** Reads an element string, with or without the FNC1 that opens it. */
function parseElements(s: string): Element[] {
  let rest = s.startsWith(fnc1) ? s.slice(1) : s
  if (!rest) refuse('no elements')
  const elements: Element[] = []
  while (rest) {
    const f = leadingFormat(rest)
    rest = rest.slice(f.ai.length)
    const n = f.digits ?? (rest.includes(fnc1) ? rest.indexOf(fnc1) : rest.length)
    elements.push(element(f, rest.slice(0, n)))
    rest = rest.slice(n)
    // Readers must bear it where none is needed.
    if (rest.startsWith(fnc1)) rest = rest.slice(1)
  }
  return elements
}

/** Reads the form for people. Spaces around a value are not part of it, "\(" is a bracket in it. */
function parseBracketed(s: string): Element[] {
  const elements: Element[] = []
  for (let rest = s; rest; ) {
    const [ai, after, closed] = cut(rest.slice(1), ')')
    if (!closed) refuse('bracket not closed')
    const value = /^(?:[^(\\]|\\\(|\\)*/.exec(after)?.[0] ?? ''
    elements.push(element(formatOf(ai), value.replace(/^ +/, '').replace(/ +$/, '').replaceAll('\\(', '(')))
    rest = after.slice(value.length)
  }
  return elements
}

/** Kinds of EPC URN: name, AI of the key, AI of what follows it. A star stands for all packs. */
const schemes = [
  ['id:sgtin:', '01', '21'],
  ['class:lgtin:', '01', '10'],
  ['idpat:sgtin:', '01', '*'],
  ['id:sscc:', '00', ''],
  ['id:sgln:', '414', '254'],
  ['id:pgln:', '417', ''],
] as const

const urnText = /[!'()*+,\-.0-9:;=A-Z_a-z]/

/** Reads an EPC URN (Tag Data Standard 1.13, section 6.3), which leaves the check digit away. */
function parseURN(s: string): Element[] {
  const scheme = schemes.find(([name]) => s.startsWith(`urn:epc:${name}`)) ?? refuse('urn')
  const [name, ai, extensionAI] = scheme
  const [prefix, rest, dotted] = cut(s.slice(8 + name.length), '.')
  const [reference, extension, extended] = cut(rest, '.')
  const f = formatOf(ai)
  let digits = prefix + reference
  if (!dotted || extended !== (extensionAI !== '') || prefix.length < 6 || prefix.length > 12) refuse('parts of urn')
  if (digits.length + 1 !== f.digits || !allDigits(digits)) refuse('digits of urn')
  // The digit before the company prefix stands at the start of the reference.
  if (ai === '01' || ai === '00') digits = reference.slice(0, 1) + prefix + reference.slice(1)
  const key = element(f, digits + checkDigit(digits))
  if (!extensionAI) return [key]
  if (extensionAI === '*') return extension === '*' ? [key] : refuse('pattern of some serials')
  const value = decode(extension, urnText)
  return extensionAI === '254' && value === '0' ? [key] : [key, element(formatOf(extensionAI), value)]
}

/** Returns the date of six digits in the century that puts the year nearest to now (General Specifications 7.12). */
function date(yymmdd: string, now: Date): string {
  const [yy, month, day] = [0, 2, 4].map((i) => Number(yymmdd.slice(i, i + 2))) as [number, number, number]
  const present = now.getUTCFullYear()
  const diff = yy - (present % 100)
  const year = present + diff + (diff >= 51 ? -100 : diff <= -50 ? 100 : 0)
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate()
  if (month < 1 || month > 12 || day > days) refuse('no such date')
  return `${year}-${yymmdd.slice(2, 4)}-${yymmdd.slice(4)}`
}

/** Returns the identifier that the elements make up. One that is there twice must say the same. */
function collect(elements: Element[], host: string, now: Date): Identifier {
  const values = new Map<string, string>()
  for (const { format, value } of elements) {
    const read = format.date ? date(value, now) : value
    if ((values.get(format.ai) ?? read) !== read) refuse(`AI ${format.ai} twice`)
    values.set(format.ai, read)
  }
  if (values.has('01') && values.has('02')) refuse('AI 01 with AI 02')
  const at = (ai: string) => values.get(ai) ?? ''
  return { gtin: at('01'), serial: at('21'), lot: at('10'), expiry: at('17'), sscc: at('00'), gln: at('414'), host }
}
