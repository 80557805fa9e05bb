// JSON of any layout, strict in what two readers could read differently: no member
// twice, no text that is not Unicode. Numbers stay as they are written.

import { must } from '../bytes'
import * as json from '../json'

export interface Tree {
  kind: 'object' | 'list' | 'text' | 'number' | 'true' | 'false' | 'null'
  text: string
  kids: { name: string; value: Tree }[] // of an object; of a list, without names
}

interface Source extends json.Source {
  left: number // values
  maxDepth: number
}

const space = /[ \t\r\n]*/y
const anyEscape = /\\./y

function take(s: Source, what: string): boolean {
  json.match(s, space)
  return json.take(s, what)
}

function text(s: Source): string {
  const v = json.quoted(s, anyEscape)
  must(!/\p{Cs}/u.test(v))
  return v
}

function value(s: Source): Tree {
  must(--s.left >= 0 && s.depth <= s.maxDepth)
  if (take(s, '{')) return group(s, 'object', '}')
  if (take(s, '[')) return group(s, 'list', ']')
  if (s.text.charAt(s.at) === '"') return { kind: 'text', text: text(s), kids: [] }
  const w = json.match(s, json.word)
  if (w !== '') return { kind: w as Tree['kind'], text: '', kids: [] }
  const n = json.match(s, json.numeral)
  must(n !== '')
  return { kind: 'number', text: n, kids: [] }
}

function group(s: Source, kind: 'object' | 'list', end: string): Tree {
  must(++s.depth <= s.maxDepth)
  const kids: Tree['kids'] = []
  const names = new Set<string>()
  while (!take(s, end)) {
    must(kids.length === 0 || take(s, ','))
    json.match(s, space)
    const name = kind === 'object' ? text(s) : ''
    must(kind === 'list' || (!names.has(name) && take(s, ':')))
    names.add(name)
    kids.push({ name, value: value(s) })
  }
  s.depth--
  return { kind, text: '', kids }
}

/** parseTree throws for what is not one JSON value within the limits, and says where. */
export function parseTree(source: string, maxDepth: number, maxValues: number): Tree {
  const s = { text: source, at: 0, depth: 0, left: maxValues, maxDepth }
  try {
    const v = value(s)
    json.match(s, space)
    must(s.at === source.length)
    return v
  } catch {
    throw new Error(`JSON at character ${s.at}`)
  }
}
