// XML 1.0 with namespaces, read into elements. No entity but the five and no document
// type is taken: with those come entities that grow without bound and read files.

import { must } from '../bytes'

export interface Name {
  prefix: string
  local: string
}

export interface Attribute {
  space: string
  local: string
  value: string
}

export interface Element {
  space: string
  local: string
  attrs: Attribute[] // without namespace declarations
  kids: Element[]
  text: string // directly inside, without white space around it
  scope: Map<string, string> // namespace by prefix
}

const maxDepth = 64
const maxNames = 128
const maxValues = 1 << 20

const entities = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['apos', "'"],
  ['quot', '"'],
])

function entity(name: string): string {
  const [, hex, decimal] = /^#(?:x([0-9a-fA-F]+)|([0-9]+))$/.exec(name) ?? []
  if (hex === undefined && decimal === undefined) {
    const c = entities.get(name)
    must(c !== undefined, 'an entity')
    return c
  }
  const n = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
  must(n <= 0x10ffff, 'a character reference')
  return n >= 0xd800 && n < 0xe000 ? '\uFFFD' : String.fromCodePoint(n)
}

/** decode reads line ends and, outside CDATA, entities; it refuses characters that XML does not have. */
function decode(raw: string, cdata: boolean): string {
  let text = raw.replace(/\r\n?/g, '\n')
  if (!cdata) {
    text = text.replace(/&([^;&]*)(;?)/g, (_, name: string, end: string) => {
      must(end, 'an entity without end')
      return entity(name)
    })
  }
  must(!/[^\t\n\r -\uFFFD]/.test(text), 'a character that XML does not have')
  return text
}

const trim = (s: string) => s.replace(/^[ \t\r\n]+/, '').replace(/[ \t\r\n]+$/, '')

class XMLReader {
  private at = 0
  private left = maxValues

  constructor(private readonly source: string) {}

  root(): Element {
    let root: Element | undefined
    while (this.at < this.source.length) {
      const begin = this.at
      if (this.instruction())
        must(this.source.slice(begin, this.at).search(/^<\?xml[^A-Za-z0-9_:.-]/) < 0 || begin === 0, 'declaration not at the start')
      else if (!this.comment()) {
        const text = this.text()
        must(trim(text ?? '') === '', 'text outside the root element')
        if (text !== undefined) continue
        must(!root, 'a second root element')
        root = this.element(new Map([['xml', 'http://www.w3.org/XML/1998/namespace']]), 1)
      }
    }
    must(root, 'no element')
    return root
  }

  private take(s: string): boolean {
    if (!this.source.startsWith(s, this.at)) return false
    this.at += s.length
    return true
  }

  /** upTo reads up to a mark, and over it. */
  private upTo(mark: string): string {
    const end = this.source.indexOf(mark, this.at)
    must(end >= 0, `no ${mark}`)
    const s = this.source.slice(this.at, end)
    this.at = end + mark.length
    return s
  }

  private comment(): boolean {
    if (!this.take('<!--')) return false
    this.upTo('--')
    must(this.take('>'), 'two hyphens in a comment')
    return true
  }

  private instruction(): boolean {
    if (!this.take('<?')) return false
    const { prefix, local } = this.name(false)
    const content = this.upTo('?>')
    if (prefix !== '' || local !== 'xml') return true
    const says = (what: string) => new RegExp(`${what}=(["'])([^]*?)\\1`).exec(content)?.[2] ?? ''
    must(['', '1.0'].includes(says('version')), 'another version')
    const encoding = says('encoding').toLowerCase()
    const ascii = encoding === 'us-ascii' || encoding === 'ascii'
    must(encoding === '' || encoding === 'utf-8' || (ascii && !/[\x80-\uffff]/.test(this.source)), 'another encoding')
    return true
  }

  /** text reads characters or CDATA; undefined if something else comes. */
  private text(): string | undefined {
    if (this.take('<![CDATA[')) return decode(this.upTo(']]>'), true)
    if (this.source.charAt(this.at) === '<') return undefined
    const end = this.source.indexOf('<', this.at)
    const raw = this.source.slice(this.at, end < 0 ? this.source.length : end)
    this.at += raw.length
    must(!raw.includes(']]>'), 'the end of a CDATA section')
    return decode(raw, false)
  }

  private space(): void {
    while (' \t\r\n'.includes(this.source.charAt(this.at)) && this.at < this.source.length) this.at++
  }

  private name(qualified = true): Name {
    const pattern = /[\p{L}\p{M}\p{N}_:.\-·]+/uy
    pattern.lastIndex = this.at
    const name = pattern.exec(this.source)?.[0] ?? ''
    this.at += name.length
    must(/^[\p{L}_:]/u.test(name), 'no name')
    const [prefix = '', local = '', more] = name.split(':')
    must(more === undefined || !qualified, 'a name with two prefixes')
    return more === undefined && prefix !== '' && local !== '' ? { prefix, local } : { prefix: '', local: name }
  }

  private element(outer: Map<string, string>, depth: number): Element {
    must(this.take('<') && depth <= maxDepth, 'no element, or too deep')
    const name = this.name()
    const given: { name: Name; value: string }[] = []
    for (this.space(); !/[/>]/.test(this.source.charAt(this.at)); this.space()) given.push(this.attribute())
    this.left -= 1 + given.length
    must(this.left >= 0 && given.length <= maxNames, 'too many elements or attributes')
    const e = open(name, given, outer)
    if (this.take('/')) {
      must(this.take('>'), 'an element without end')
      return e
    }
    this.at++
    let chars = ''
    while (!this.take('</')) {
      must(this.at < this.source.length, 'an element without end')
      const begin = this.at
      if (this.comment()) continue
      if (this.instruction()) {
        must(!/^<\?xml[^A-Za-z0-9_:.-]/.test(this.source.slice(begin, begin + 6)), 'declaration not at the start')
        continue
      }
      const text = this.text()
      if (text === undefined) e.kids.push(this.element(e.scope, depth + 1))
      else chars += text
    }
    const end = this.name()
    this.space()
    must(this.take('>') && end.prefix === name.prefix && end.local === name.local, 'an end tag of another element')
    e.text = trim(chars)
    return e
  }

  private attribute(): { name: Name; value: string } {
    const name = this.name()
    this.space()
    must(this.take('='), 'an attribute without value')
    this.space()
    const quote = this.source.charAt(this.at++)
    must(quote === '"' || quote === "'", 'a value without quotes')
    const raw = this.upTo(quote)
    must(!raw.includes('<'), 'an unescaped < in a value')
    return { name, value: decode(raw, false) }
  }
}

function resolve(scope: Map<string, string>, name: Name): string {
  const space = scope.get(name.prefix) ?? (name.prefix === '' ? '' : undefined)
  must(space !== undefined && !name.local.includes(':'), 'a prefix that is not declared')
  return space
}

/** open resolves the names of a start tag. */
function open(name: Name, given: { name: Name; value: string }[], outer: Map<string, string>): Element {
  const scope = new Map(outer)
  const declared = new Set<string>()
  const others = given.filter(({ name: { prefix, local }, value }) => {
    if (prefix !== 'xmlns' && (prefix !== '' || local !== 'xmlns')) return true
    const p = prefix === 'xmlns' ? local : ''
    must((prefix === '' || value !== '') && !declared.has(p), 'a prefix twice, or without namespace')
    declared.add(p)
    scope.set(p, value)
    return false
  })
  must(scope.size <= maxNames, 'too many namespaces')
  const attrs = others.map(({ name, value }) => ({ space: name.prefix === '' ? '' : resolve(scope, name), local: name.local, value }))
  must(new Set(attrs.map((a) => `${a.space} ${a.local}`)).size === attrs.length, 'an attribute twice')
  return { space: resolve(scope, name), local: name.local, attrs, kids: [], text: '', scope }
}

export const readXML = (source: string): Element => new XMLReader(source).root()

/** foreign reports whether the element is an extension by its namespace. */
export const foreign = (e: Element) => !['', 'urn:epcglobal:epcis:xsd:1', 'urn:epcglobal:epcis:xsd:2'].includes(e.space)

/** attr returns the value of an attribute without namespace, or "". */
export const attr = (e: Element, name: string) => e.attrs.find((a) => a.space === '' && a.local === name)?.value ?? ''

/** child returns the only kid of the name; two would be read differently by two readers. */
export function child(e: Element | undefined, local: string, space = ''): Element | undefined {
  const [found, more] = e?.kids.filter((k) => k.local === local && (space === '' ? !foreign(k) : k.space === space)) ?? []
  must(!more, 'an element twice')
  return found
}
