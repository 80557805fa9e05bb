// What a form can say before it is sent. The server checks again; here a person
// hears it beside the field.

export type Wrong = 'missing' | 'long' | 'unprintable' | 'gtin' | 'gln' | 'lot' | 'day' | 'past' | 'number' | 'few'

const maxText = 200

/** Checks a text of 1 to 200 bytes, as every message's texts have. */
export function text(s: string): Wrong | undefined {
  if (s.trim() === '') return 'missing'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/.test(s)) return 'unprintable'
  return new TextEncoder().encode(s).length > maxText ? 'long' : undefined
}

/** Returns the 14 digits of a GTIN of any length; undefined if its check digit or length is wrong. */
export function gtin(s: string): string | undefined {
  const digits = s.replace(/[\s-]/g, '')
  if (!/^(\d{8}|\d{12,14})$/.test(digits)) return undefined
  const full = digits.padStart(14, '0')
  return checks(full) ? full : undefined
}

/** Says whether the last of 14 digits is their check digit. */
function checks(full: string): boolean {
  const sum = [...full.slice(0, 13)].reduce((n, d, i) => n + Number(d) * (i % 2 === 0 ? 3 : 1), 0)
  return (10 - (sum % 10)) % 10 === Number(full[13])
}

/** Returns the 13 digits of a GLN, the name of an organisation or place; undefined if it is none. */
export function gln(s: string): string | undefined {
  const digits = s.replace(/[\s-]/g, '')
  return /^\d{13}$/.test(digits) && checks(`0${digits}`) ? digits : undefined
}

/** Checks a lot number: up to 20 characters that GS1 allows (set 82). */
export function lot(s: string): Wrong | undefined {
  if (s === '') return 'missing'
  return /^[!"%-?A-Z_a-z]{1,20}$/.test(s) ? undefined : 'lot'
}

/** Checks a date written YYYY-MM-DD; with `after`, that it is later. */
export function day(s: string, after?: Date): Wrong | undefined {
  if (s === '') return 'missing'
  const at = new Date(`${s}T00:00:00Z`)
  if (!/^\d{4}-\d{2}-\d{2}$/.test(s) || Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== s) return 'day'
  return after && at <= after ? 'past' : undefined
}

/** Reads a whole number of at least one; undefined if it is none. */
export function whole(s: string, least = 1): number | undefined {
  if (!/^\d{1,15}$/.test(s.trim())) return undefined
  const n = Number(s)
  return Number.isSafeInteger(n) && n >= least ? n : undefined
}

/** Splits what stands in lines or between commas. */
export const items = (s: string): string[] =>
  s
    .split(/[\n,;]/)
    .map((x) => x.trim())
    .filter((x) => x !== '')

/** Writes a date as the API does. */
export const iso = (at: Date): string => at.toISOString().slice(0, 10)

/** Returns a date some years on. */
export function years(from: Date, n: number): Date {
  const at = new Date(from)
  at.setUTCFullYear(at.getUTCFullYear() + n)
  return at
}

/** Names a new case (ID_BC) after what it is about. What makes it one of its own is of the request's key, so that a repeated request names the same. */
export function caseOf(subject: string, key: string): string {
  const slug = subject
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 40)
    .replace(/-+$/, '')
  return `${slug || 'case'}-${key.replace(/[^a-zA-Z0-9]/g, '').slice(0, 12)}`
}
