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

/** instant returns the milliseconds since 1970 at a time in UTC written YYYY-MM-DDThh:mm:ss, which a calendar has. */
export function instant(s: string): number | undefined {
  const at = new Date(`${s}Z`)
  // The 30th of February is a day to some parsers, 24 o'clock an hour. JSON has null for no time.
  return at.toJSON()?.slice(0, 19) === s ? at.getTime() : undefined
}

/** day returns the start of a day written YYYY-MM-DD. */
export const day = (s: string): number | undefined => instant(`${s}T00:00:00`)

export const dayLength = 86_400_000

/** lastDay returns the start of the last day that a date of AI 17 covers, with or without its day. */
export function lastDay(s: string): number | undefined {
  if (s.startsWith('0000')) return undefined
  const first = s.length === 7 ? day(`${s}-01`) : undefined
  if (first === undefined) return day(s)
  const at = new Date(first)
  return at.setUTCMonth(at.getUTCMonth() + 1) - dayLength
}
