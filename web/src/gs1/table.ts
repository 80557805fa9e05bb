// The application identifiers, as in Go's gs1/ai.go: columns of GS1's Barcode
// Syntax Dictionary.

export class CodeError extends Error {
  constructor(
    readonly code: 'bad_identifier' | 'oversized',
    message: string,
  ) {
    super(message)
  }
}

/** Refuses the input with a reason for developers. */
export function refuse(message: string): never {
  throw new CodeError('bad_identifier', message)
}

export interface Format {
  ai: string
  alias?: string // in Digital Links before 1.2
  digits?: number // a value of digits has this length, any other has 1 to 20 characters of set 82
  date?: true
  open?: true // may stand in the query of a Digital Link
  key?: true
  qualifiers?: string[]
}

export interface Element {
  format: Format
  value: string
}

const table: Format[] = [
  { ai: '00', alias: 'sscc', digits: 18, open: true, key: true },
  { ai: '01', alias: 'gtin', digits: 14, open: true, key: true, qualifiers: ['10', '21'] },
  { ai: '02', digits: 14, open: true },
  { ai: '10', alias: 'lot', open: true },
  { ai: '11', digits: 6, date: true, open: true },
  { ai: '17', digits: 6, date: true, open: true },
  { ai: '21', alias: 'ser' },
  { ai: '254', alias: 'glnx' },
  { ai: '414', alias: 'gln', digits: 13, open: true, key: true, qualifiers: ['254'] },
  { ai: '417', alias: 'party', digits: 13, open: true, key: true },
]

/** What a serial or lot may consist of: GS1 AI encodable character set 82. */
const set82 = /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$/

export const allDigits = (s: string): boolean => /^[0-9]+$/.test(s)

/** Returns the row of an AI. */
export const formatOf = (ai: string): Format => table.find((f) => f.ai === ai) ?? refuse('application identifier not supported')

/** Returns the row of an AI or of its short name in a path. */
export const linkFormat = (segment: string): Format | undefined => table.find((f) => f.ai === segment || f.alias === segment)

/** Returns the row of the AI that s begins with; no AI is the beginning of another. */
export const leadingFormat = (s: string): Format =>
  table.find((f) => s.startsWith(f.ai)) ?? refuse('no application identifier where one must be')

/** Returns the digit that follows digits in a GTIN, GLN or SSCC. */
export function checkDigit(digits: string): string {
  let sum = 0
  for (let i = digits.length - 1, weight = 3; i >= 0; i--, weight = 4 - weight) sum += weight * Number(digits[i])
  return String((10 - (sum % 10)) % 10)
}

/** Returns the element, of which the value has the format of the AI. */
export function element(format: Format, value: string): Element {
  if (!format.digits) {
    if (!set82.test(value)) refuse(`AI ${format.ai}: not 1 to 20 characters of set 82`)
    return { format, value }
  }
  if (value.length !== format.digits || !allDigits(value)) refuse(`AI ${format.ai}: not ${format.digits} digits`)
  if (!format.date && checkDigit(value.slice(0, -1)) !== value.slice(-1)) refuse(`AI ${format.ai}: wrong check digit`)
  return { format, value }
}

/** Returns a GTIN-8, -12 or -13 with the zeros that make it 14 digits, and anything else as it is. */
export const padGTIN = (s: string): string => ([8, 12, 13].includes(s.length) ? s.padStart(14, '0') : s)

/** Returns what stands before and after the first separator. */
export function cut(s: string, separator: string): [before: string, after: string, found: boolean] {
  const i = s.indexOf(separator)
  return i < 0 ? [s, '', false] : [s.slice(0, i), s.slice(i + separator.length), true]
}

/** Decodes a text in which every character is plain or percent-encoded. */
export function decode(s: string, plain: RegExp): string {
  return s.replace(/%([0-9A-Fa-f]{2})|./gs, (c, hex?: string) => {
    if (hex) return String.fromCharCode(Number.parseInt(hex, 16))
    return plain.test(c) ? c : refuse('character not allowed here')
  })
}
