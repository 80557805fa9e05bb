// JSON of any layout, strict in what two readers could read differently: no member
// twice, no text that is not Unicode. Numbers stay as they are written.

import { must } from '../bytes'
import { special } from '../json'

export interface Tree {
  kind: 'object' | 'list' | 'text' | 'number' | 'true' | 'false' | 'null'
  text: string
  kids: { name: string; value: Tree }[] // of an object; of a list, without names
}

const space = /[ \t\r\n]*/y
const numeral = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const word = /true|false|null/y

class TreeReader {
  private at = 0
  private left: number

  constructor(
    private readonly source: string,
    private readonly maxDepth: number,
    maxValues: number,
  ) {
    this.left = maxValues
  }

  whole(): Tree {
    const v = this.value(0)
    this.match(space)
    must(this.at === this.source.length, 'more than one value')
    return v
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.source)?.[0] ?? ''
    this.at += found.length
    return found
  }

  private take(c: string): boolean {
    this.match(space)
    if (this.source.charAt(this.at) !== c) return false
    this.at++
    return true
  }

  private string(): string {
    must(this.take('"'), 'no text')
    const from = this.at - 1
    for (let c = ''; c !== '"'; this.at++) {
      special.lastIndex = this.at
      this.at = special.exec(this.source)?.index ?? this.source.length
      c = this.source.charAt(this.at)
      must(c === '"' || c === '\\', 'a text with a control character, or without end')
      if (c === '\\') this.at++
    }
    const s = JSON.parse(this.source.slice(from, this.at)) as string
    must(!/\p{Cs}/u.test(s), 'half of a character')
    return s
  }

  private value(depth: number): Tree {
    must(--this.left >= 0 && depth <= this.maxDepth, 'too many values, or too deep')
    if (this.take('{')) return this.kids('object', '}', depth + 1)
    if (this.take('[')) return this.kids('list', ']', depth + 1)
    if (this.source.charAt(this.at) === '"') return { kind: 'text', text: this.string(), kids: [] }
    const w = this.match(word)
    if (w !== '') return { kind: w as Tree['kind'], text: '', kids: [] }
    const n = this.match(numeral)
    must(n !== '', 'no value')
    return { kind: 'number', text: n, kids: [] }
  }

  private kids(kind: 'object' | 'list', end: string, depth: number): Tree {
    must(depth <= this.maxDepth, 'too deep')
    const kids: Tree['kids'] = []
    const names = new Set<string>()
    while (!this.take(end)) {
      must(kids.length === 0 || this.take(','), 'no comma')
      const name = kind === 'object' ? this.string() : ''
      must(kind === 'list' || (!names.has(name) && this.take(':')), 'a member twice, or without a value')
      names.add(name)
      kids.push({ name, value: this.value(depth) })
    }
    return { kind, text: '', kids }
  }
}

/** parseTree throws for what is not one JSON value within the limits. */
export const parseTree = (source: string, maxDepth: number, maxValues: number): Tree => new TreeReader(source, maxDepth, maxValues).whole()
