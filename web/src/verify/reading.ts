// What a code says before anybody is asked: which pack it names, and whether it
// may be looked up here at all.
import { elementString, parseIdentifier } from '../gs1/gs1'

/** What is printed on a pack, as far as the code says it. */
export interface Label {
  gtin: string
  serial: string
  lot?: string
  expiry?: string
}

export type Reading =
  | { kind: 'pack'; code: string; label: Label; host: string }
  | { kind: 'foreign'; host: string }
  | { kind: 'no_serial'; gtin: string }
  | { kind: 'container' }
  | { kind: 'unreadable' }

const maxCode = 2000
// GS1's own resolver names no company.
const neutral = 'id.gs1.org'

/** Reads a code. A Digital Link of any host is read; whether the host is one of ours is decided by `foreign`. */
export function read(text: string, now: Date): Reading {
  // The parser has a cap too; this one spares it a pasted book.
  if (text.length > maxCode) return { kind: 'unreadable' }
  try {
    const id = parseIdentifier(text, now)
    if (id.sscc && !id.gtin) return { kind: 'container' }
    if (!id.gtin) return { kind: 'unreadable' }
    if (!id.serial) return { kind: 'no_serial', gtin: id.gtin }
    const label: Label = { gtin: id.gtin, serial: id.serial }
    if (id.lot) label.lot = id.lot
    if (id.expiry) label.expiry = id.expiry
    // What is asked for is what was understood, so that the server cannot read the same text otherwise.
    return { kind: 'pack', code: elementString(id), label, host: id.host }
  } catch {
    return { kind: 'unreadable' }
  }
}

/** Says whether a label's host is nobody's whom we know: then it leads people elsewhere, and is not ours to call genuine. */
export function foreign(host: string, here: string, endpoints: string[]): boolean {
  if (host === '' || host === here.toLowerCase() || host === neutral) return false
  return !endpoints.some((e) => hostOf(e) === host)
}

/**
 * Returns the text under which a pack is shown, kept and checked again. A label that
 * names another's host keeps it: without, the next look would ask about another label.
 */
export const again = (text: string, reading: Extract<Reading, { kind: 'pack' }>, here: string): string =>
  foreign(reading.host, here, []) ? text.trim() : reading.code

function hostOf(endpoint: string): string | undefined {
  try {
    const url = new URL(endpoint)
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.host : undefined
  } catch {
    return undefined
  }
}

/**
 * Parts a concealed code from what it came behind: a scanned link, or the fragment of this
 * page's address. Only the rest may be asked about, shown or kept.
 */
export function cutCode(text: string): { text: string; code?: string } {
  const at = text.indexOf('#')
  const parts = at < 0 ? [] : text.slice(at + 1).split('&')
  const code = parts.find((p) => p.startsWith('c='))?.slice(2)
  if (code === undefined) return { text }
  const rest = parts.filter((p) => !p.startsWith('c=')).join('&')
  return { text: text.slice(0, at) + (rest && `#${rest}`), code }
}

/** Returns the code that the page's own address holds, if it is the Digital Link of a label. */
export function codeOfAddress(origin: string, path: string, search: string): string | undefined {
  return /^\/(01|gtin)\//.test(path) ? origin + path + search : undefined
}
