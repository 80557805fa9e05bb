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

const entities = new Map(Object.entries({ lt: '<', gt: '>', amp: '&', apos: "'", quot: '"' }))

function entity(name: string): string {
  const [, hex, decimal] = /^#(?:x([0-9a-fA-F]+)|([0-9]+))$/.exec(name) ?? []
  if (hex === undefined && decimal === undefined) {
    const c = entities.get(name)
    must(c !== undefined)
    return c
  }
  const n = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
  must(n <= 0x10ffff)
  return n >= 0xd800 && n < 0xe000 ? '\uFFFD' : String.fromCodePoint(n)
}

/** decode reads line ends and, outside CDATA, entities; it refuses characters that XML does not have. */
function decode(raw: string, cdata: boolean): string {
  let text = raw.replace(/\r\n?/g, '\n')
  if (!cdata) {
    text = text.replace(/&([^;&]*)(;?)/g, (_, name: string, end: string) => {
      must(end)
      return entity(name)
    })
  }
  must(!/[^\t\n\r -\uFFFD]/.test(text))
  return text
}

const trim = (s: string) => s.replace(/^[ \t\r\n]+/, '').replace(/[ \t\r\n]+$/, '')

class XMLReader {
  at = 0
  private left = maxValues

  constructor(private readonly source: string) {}

  root(): Element {
    let root: Element | undefined
    while (this.at < this.source.length) {
      if (!this.instruction() && !this.comment()) {
        const text = this.text()
        must(trim(text ?? '') === '')
        if (text !== undefined) continue
        must(!root)
        root = this.element(new Map([['xml', 'http://www.w3.org/XML/1998/namespace']]), 1)
      }
    }
    must(root)
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
    must(end >= 0)
    const s = this.source.slice(this.at, end)
    this.at = end + mark.length
    return s
  }

  private comment(): boolean {
    if (!this.take('<!--')) return false
    this.upTo('--')
    must(this.take('>'))
    return true
  }

  private instruction(): boolean {
    const begin = this.at
    if (!this.take('<?')) return false
    // A declaration stands at the start.
    must(begin === 0 || !/^<\?xml[^A-Za-z0-9_:.-]/.test(this.source.slice(begin, begin + 6)))
    const { prefix, local } = this.name(false)
    const content = this.upTo('?>')
    if (prefix !== '' || local !== 'xml') return true
    const says = (what: string) => new RegExp(`${what}=(["'])([^]*?)\\1`).exec(content)?.[2] ?? ''
    must(['', '1.0'].includes(says('version')))
    const encoding = says('encoding').toLowerCase()
    const ascii = encoding === 'us-ascii' || encoding === 'ascii'
    must(encoding === '' || encoding === 'utf-8' || (ascii && !/[\x80-\uffff]/.test(this.source)))
    return true
  }

  /** text reads characters or CDATA; undefined if something else comes. */
  private text(): string | undefined {
    if (this.take('<![CDATA[')) return decode(this.upTo(']]>'), true)
    if (this.source.charAt(this.at) === '<') return undefined
    const end = this.source.indexOf('<', this.at)
    const raw = this.source.slice(this.at, end < 0 ? this.source.length : end)
    this.at += raw.length
    must(!raw.includes(']]>'))
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
    must(/^[\p{L}_:]/u.test(name))
    const [prefix = '', local = '', more] = name.split(':')
    must(more === undefined || !qualified)
    return more === undefined && prefix !== '' && local !== '' ? { prefix, local } : { prefix: '', local: name }
  }

  private element(outer: Map<string, string>, depth: number): Element {
    must(this.take('<') && depth <= maxDepth)
    const name = this.name()
    const given: { name: Name; value: string }[] = []
    for (this.space(); !/[/>]/.test(this.source.charAt(this.at)); this.space()) given.push(this.attribute())
    this.left -= 1 + given.length
    must(this.left >= 0 && given.length <= maxNames)
    const e = open(name, given, outer)
    if (this.take('/')) {
      must(this.take('>'))
      return e
    }
    this.at++
    let chars = ''
    while (!this.take('</')) {
      must(this.at < this.source.length)
      if (this.comment() || this.instruction()) continue
      const text = this.text()
      if (text === undefined) e.kids.push(this.element(e.scope, depth + 1))
      else chars += text
    }
    const end = this.name()
    this.space()
    must(this.take('>') && end.prefix === name.prefix && end.local === name.local)
    e.text = trim(chars)
    return e
  }

  private attribute(): { name: Name; value: string } {
    const name = this.name()
    this.space()
    must(this.take('='))
    this.space()
    const quote = this.source.charAt(this.at++)
    must(quote === '"' || quote === "'")
    const raw = this.upTo(quote)
    must(!raw.includes('<'))
    return { name, value: decode(raw, false) }
  }
}

function resolve(scope: Map<string, string>, name: Name): string {
  const space = scope.get(name.prefix) ?? (name.prefix === '' ? '' : undefined)
  must(space !== undefined && !name.local.includes(':'))
  return space
}

/** open resolves the names of a start tag. */
function open(name: Name, given: { name: Name; value: string }[], outer: Map<string, string>): Element {
  const scope = new Map(outer)
  const declared = new Set<string>()
  const others = given.filter(({ name: { prefix, local }, value }) => {
    if (prefix !== 'xmlns' && (prefix !== '' || local !== 'xmlns')) return true
    const p = prefix === 'xmlns' ? local : ''
    must((prefix === '' || value !== '') && !declared.has(p))
    declared.add(p)
    scope.set(p, value)
    return false
  })
  must(scope.size <= maxNames)
  const attrs = others.map(({ name, value }) => ({ space: name.prefix === '' ? '' : resolve(scope, name), local: name.local, value }))
  must(new Set(attrs.map((a) => `${a.space} ${a.local}`)).size === attrs.length)
  return { space: resolve(scope, name), local: name.local, attrs, kids: [], text: '', scope }
}

/** readXML throws for what is not well-formed, and says where. */
export function readXML(source: string): Element {
  const reader = new XMLReader(source)
  try {
    return reader.root()
  } catch {
    throw new Error(`XML at character ${reader.at}`)
  }
}

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
