// GTIN, GLN, lot and serial as GS1 writes them, and the Digital Link of a lot.

const set82 = /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$/

/** checked reports whether the last of so many digits checks the others (General Specifications, section 7.9). */
export function checked(digits: string, length: number): boolean {
  if (digits.length !== length || !/^[0-9]+$/.test(digits)) return false
  let [sum, weight] = [0, 1]
  for (let i = length - 1; i >= 0; i--) {
    sum += weight * Number(digits.charAt(i))
    weight = 4 - weight
  }
  return sum % 10 === 0
}

export const isGTIN = (s: string) => checked(s, 14)
export const isGLN = (s: string) => checked(s, 13)
/** isItem reports whether AI 10 or 21 can carry the text as lot or serial. */
export const isItem = (s: string) => set82.test(s)

/** An LGTIN names one lot of a product. */
export interface LGTIN {
  gtin: string
  lot: string
}

/** escaped percent-encodes what is not unreserved in RFC 3986; set 82 is ASCII. */
const escaped = (s: string) => s.replace(/[^A-Za-z0-9\-._~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)

/** lotLink writes the Digital Link of a lot. */
export const lotLink = (l: LGTIN) => `https://id.gs1.org/01/${l.gtin}/10/${escaped(l.lot)}`

/** day returns the milliseconds since 1970 at the start of a day written YYYY-MM-DD. */
export function day(s: string): number | undefined {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(s)) return undefined
  const at = Date.parse(`${s}T00:00:00Z`)
  // The 30th of February is a day to some parsers.
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== s ? undefined : at
}

/** lastDay returns the start of the last day that a date of AI 17 covers, with or without its day. */
export function lastDay(s: string): number | undefined {
  if (s.startsWith('0000')) return undefined
  if (s.length !== 7) return day(s)
  const first = day(`${s}-01`)
  if (first === undefined) return undefined
  const at = new Date(first)
  at.setUTCMonth(at.getUTCMonth() + 1)
  return at.getTime() - 86_400_000
}
