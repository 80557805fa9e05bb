// RFC 8785 JSON, read by its schema: a reader is told what comes and refuses every
// other spelling of it, so that no second reading and no comparison is needed.

import { fromText, must } from './bytes'
import * as schema from './schema'

// As in Go's jsontext: what is deeper, no reader there would take.
const maxDepth = 10_000

// What ends the plain part of a text: a quote, a backslash or a control character. It is
// searched for, since a greedy match of megabytes overflows the engine's stack.
const special = /[^ !#-[\]-\uffff]/g
export const numeral = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
// The escapes that RFC 8785 writes, and no others.
const escaped = /\\(?:["\\bfnrt]|u00(?:0[0-7be-f]|1[0-9a-f]))/y
export const word = /true|false|null/y

/** A Source is a text and how far it was read. */
export interface Source {
  text: string
  at: number
  depth: number
}

export type Read<T> = (s: Source) => T

/** whole reads one value that is all there is. */
export function whole<T>(text: string, read: Read<T>): T {
  const s = { text, at: 0, depth: 0 }
  const v = read(s)
  must(s.at === text.length)
  return v
}

const next = (s: Source, what: string) => s.text.startsWith(what, s.at)

/** take reads this if it comes next. */
export function take(s: Source, what: string): boolean {
  const there = next(s, what)
  if (there) s.at += what.length
  return there
}

const literal = (s: Source, what: string): void => must(take(s, what))

export function match(s: Source, pattern: RegExp): string {
  pattern.lastIndex = s.at
  const found = pattern.exec(s.text)?.[0] ?? ''
  s.at += found.length
  return found
}

function plain(s: Source): void {
  special.lastIndex = s.at
  s.at = special.exec(s.text)?.index ?? s.text.length
}

/** quoted reads a text that has escapes of this pattern. */
export function quoted(s: Source, escapes: RegExp): string {
  const from = s.at
  literal(s, '"')
  plain(s)
  while (!take(s, '"')) {
    must(match(s, escapes))
    plain(s)
  }
  return JSON.parse(s.text.slice(from, s.at)) as string
}

export const text = (s: Source): string => quoted(s, escaped)

function number(s: Source): string {
  const n = match(s, numeral)
  // RFC 8785 section 3.2.2.3: a number is written as ECMAScript writes it.
  must(n && String(Number(n)) === n)
  return n
}

/** integer reads one between two bounds. */
export const integer =
  (least: bigint, most: bigint): Read<bigint> =>
  (s) => {
    const n = BigInt(number(s))
    must(n >= least && n <= most)
    return n
  }

/** exactly reads this value and no other. */
export const exactly =
  (want: string | string[]): Read<void> =>
  (s) =>
    literal(s, JSON.stringify(want))

/** held reads a text of which the caller says what it may be. */
export const held =
  (ok: (text: string) => unknown): Read<string> =>
  (s) => {
    const v = text(s)
    must(ok(v))
    return v
  }

export const digest = held((v) => fromText(v, 32))
export const bytes = (s: Source) => fromText(text(s))

export const list =
  <T>(item: Read<T>): Read<T[]> =>
  (s) => {
    const out: T[] = []
    s.depth++
    literal(s, '[')
    while (!take(s, ']')) {
      if (out.length > 0) literal(s, ',')
      out.push(item(s))
    }
    s.depth--
    return out
  }

/** object reads one with these members, which stand in the order of their names. */
export const object =
  <F extends object>(members: F): Read<schema.Types<F>> =>
  (s) => {
    let comma = ''
    s.depth++
    literal(s, '{')
    const v = schema.fields(s, members, (name) => {
      const there = take(s, `${comma}"${name}":`)
      if (there) comma = ','
      return there
    })
    literal(s, '}')
    s.depth--
    return v
  }

// The last name in each object that is open, null for a list.
type Open = (string | null)[]

/** raw reads any value and returns it as it stands. */
export function raw(s: Source): string {
  const from = s.at
  const open: Open = []
  do {
    opened(s, open)
    closed(s, open)
  } while (open.length > 0)
  return s.text.slice(from, s.at)
}

/** opened reads up to and with the next scalar, or an empty list or object. */
function opened(s: Source, open: Open): void {
  for (;;) {
    const isObject = take(s, '{')
    if (!isObject && !take(s, '[')) break
    must(s.depth + open.length < maxDepth)
    open.push(isObject ? '' : null)
    if (next(s, isObject ? '}' : ']')) return
    if (isObject) name(s, open, true)
  }
  if (next(s, '"')) text(s)
  else if (!match(s, word)) number(s)
}

/** closed reads what may stand behind a value, up to the next value. */
function closed(s: Source, open: Open): void {
  while (open.length > 0) {
    if (take(s, ',')) {
      if (open.at(-1) !== null) name(s, open, false)
      return
    }
    literal(s, open.pop() === null ? ']' : '}')
  }
}

function name(s: Source, open: Open, first: boolean): void {
  const v = text(s)
  // JavaScript compares UTF-16 code units, as RFC 8785 section 3.2.3 does.
  must(first || v > (open.at(-1) as string))
  open[open.length - 1] = v
  literal(s, ':')
}
