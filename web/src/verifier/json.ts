// RFC 8785 JSON, read by its schema: a Reader is told what comes and refuses every
// other spelling of it, so that no second reading and no comparison is needed.
// Objects become what the caller makes of their members; no name that a stranger
// wrote becomes a property.

import { must } from './bytes'

// As in Go's jsontext: what is deeper, no reader there would take.
const maxDepth = 10_000

// What ends the plain part of a text: a quote, a backslash or a control character. It is
// searched for, since a greedy match of megabytes overflows the engine's stack.
export const special = /[^ !#-[\]-\uffff]/g
const numeral = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
// The escapes that RFC 8785 writes, and no others.
const escaped = /\\(?:["\\bfnrt]|u00(?:0[0-7be-f]|1[0-9a-f]))/y

const word = /true|false|null/y

export class Reader {
  private at = 0
  private depth = 0

  constructor(private readonly text: string) {}

  /** whole reads one value that is all there is. */
  static whole<T>(text: string, read: (r: Reader) => T): T {
    const r = new Reader(text)
    const v = read(r)
    must(r.at === text.length, 'more than one value')
    return v
  }

  private literal(s: string): void {
    must(this.next(s), `no ${s}`)
    this.at += s.length
  }

  private next(s: string): boolean {
    return this.text.startsWith(s, this.at)
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0] ?? ''
    this.at += found.length
    return found
  }

  private plain(): void {
    special.lastIndex = this.at
    this.at = special.exec(this.text)?.index ?? this.text.length
  }

  string(): string {
    const from = this.at
    this.literal('"')
    this.plain()
    if (this.next('"')) return this.text.slice(from + 1, this.at++)
    while (!this.next('"')) {
      must(this.match(escaped) !== '', 'an escape that is not the shortest')
      this.plain()
    }
    this.at++
    return JSON.parse(this.text.slice(from, this.at)) as string
  }

  number(): string {
    const n = this.match(numeral)
    // RFC 8785 section 3.2.2.3: a number is written as ECMAScript writes it.
    must(n !== '' && String(Number(n)) === n, 'number')
    return n
  }

  /** integer reads one between two bounds. */
  integer(least: bigint, most: bigint): bigint {
    const n = this.number()
    must(/^-?[0-9]+$/.test(n), 'not an integer')
    const v = BigInt(n)
    must(v >= least && v <= most, 'integer out of range')
    return v
  }

  list<T>(item: (r: Reader) => T): T[] {
    const out: T[] = []
    this.depth++
    this.literal('[')
    while (!this.next(']')) {
      if (out.length > 0) this.literal(',')
      out.push(item(this))
    }
    this.at++
    this.depth--
    return out
  }

  /** object reads the members that read asks for, in that order. */
  object<T>(read: (m: Members) => T): T {
    this.depth++
    this.literal('{')
    const v = read(new Members(this))
    this.literal('}')
    this.depth--
    return v
  }

  /** member reads one by its name; undefined if another stands there. */
  member<T>(first: boolean, name: string, read: (r: Reader) => T): T | undefined {
    const label = `${first ? '' : ','}"${name}":`
    if (!this.next(label)) return undefined
    this.at += label.length
    return read(this)
  }

  /** raw reads any value and returns its bytes as they stand. */
  raw(): string {
    const from = this.at
    const open: (string | null)[] = [] // the last name in each object, null in a list
    do {
      this.opened(open)
      this.closed(open)
    } while (open.length > 0)
    return this.text.slice(from, this.at)
  }

  // opened reads up to and with the next scalar, or an empty list or object.
  private opened(open: (string | null)[]): void {
    for (;;) {
      const c = this.text.charAt(this.at)
      if (c !== '{' && c !== '[') break
      this.at++
      must(this.depth + open.length < maxDepth, 'too deep')
      open.push(c === '{' ? '' : null)
      if (this.next(c === '{' ? '}' : ']')) return
      if (c === '{') this.name(open, true)
    }
    if (this.next('"')) this.string()
    else if (this.match(word) === '') this.number()
  }

  // closed reads what may stand behind a value, up to the next value.
  private closed(open: (string | null)[]): void {
    while (open.length > 0) {
      if (this.next(',')) {
        this.at++
        if (open.at(-1) !== null) this.name(open, false)
        return
      }
      this.literal(open.pop() === null ? ']' : '}')
    }
  }

  private name(open: (string | null)[], first: boolean): void {
    const name = this.string()
    // JavaScript compares UTF-16 code units, as RFC 8785 section 3.2.3 does.
    must(first || name > (open.at(-1) as string), 'members that do not rise')
    open[open.length - 1] = name
    this.literal(':')
  }
}

/** Members are those of one object, asked for in the order of their names. */
export class Members {
  private first = true

  constructor(private readonly reader: Reader) {}

  /** need reads a member that every such object has. */
  need<T>(name: string, read: (r: Reader) => T): T {
    const v = this.may(name, read)
    must(v !== undefined, `member ${name} is missing`)
    return v
  }

  /** may reads a member that is left out if there is nothing to say. */
  may<T>(name: string, read: (r: Reader) => T): T | undefined {
    const v = this.reader.member(this.first, name, read)
    if (v !== undefined) this.first = false
    return v
  }
}

export const text = (r: Reader): string => r.string()
