// XML brought to the JSON form by the table of shapes; then both are held to the same rules.

import { must } from '../bytes'
import { isURI } from '../uri'
import { expand, standard } from './context'
import { events, type Field, type Shape, uri } from './shapes'
import type { Tree } from './tree'
import { isTime, isVersion } from './words'
import { attr, child, type Element, foreign, readXML } from './xml'

const sbdh = 'http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader'
const text = (s: string): Tree => ({ kind: 'text', text: s, kids: [] })

/** convertDocument returns the events of a document or a bare event. */
export function convertDocument(source: string): Tree[] {
  const root = readXML(source)
  must(root.local !== 'EPCISQueryDocument', 'query document')
  if (root.local !== 'EPCISDocument') return convertEvents([root], 0)
  must(root.space !== '' && !foreign(root), 'EPCISDocument of another namespace')
  const [version, created] = [attr(root, 'schemaVersion'), attr(root, 'creationDate')]
  must(isVersion(version) && /^[12]\./.test(version), 'another version')
  must(isTime(created) || isTime(`${created}Z`), 'creationDate')
  must(
    root.kids.every((k) => foreign(k) || ['EPCISHeader', 'EPCISBody', 'extension'].includes(k.local)),
    'no such element',
  )
  checkHeader(child(root, 'EPCISHeader'))
  const body = child(root, 'EPCISBody')
  must(body, 'no EPCISBody')
  return convertEvents(child(body, 'EventList')?.kids ?? [], 0)
}

function checkHeader(header: Element | undefined): void {
  const business = child(header, 'StandardBusinessDocumentHeader', sbdh)
  for (const role of ['Sender', 'Receiver'])
    child(
      business?.kids.find((k) => k.space === sbdh && k.local === role),
      'Identifier',
      sbdh,
    )
  const vocabularies = child(child(child(header, 'extension'), 'EPCISMasterData'), 'VocabularyList')
  for (const v of vocabularies?.kids ?? []) {
    must(isURI(attr(v, 'type')), 'no URI')
    for (const e of child(v, 'VocabularyElementList')?.kids ?? []) {
      must(isURI(attr(e, 'id')) && e.kids.every((k) => k.local !== 'attribute' || isURI(attr(k, 'id'))), 'no URI')
    }
  }
}

/** convertEvents reads a list. EPCIS 1.2 has the newer types in one or two extension elements. */
function convertEvents(kids: Element[], level: number): Tree[] {
  return kids.flatMap((k) => {
    if (!foreign(k) && k.local === 'extension' && level < 2) return convertEvents(k.kids, level + 1)
    const shape = events.get(k.local)
    must(!foreign(k) && shape, 'no event')
    const v = convert(shape, k)
    v.kids.push({ name: 'type', value: text(k.local) })
    return [v]
  })
}

function convert(s: Shape, e: Element): Tree {
  if (s.kind === 'object') return new ObjectConverter(s).convert(e)
  if (s.kind === 'list') return convertList(s, e)
  must(e.kids.length === 0, 'elements where a text must be')
  return convertText(s, e.text, e)
}

function convertText(s: Shape, chars: string, e: Element): Tree {
  if (s.kind === 'true') {
    must(['true', '1', 'false', '0'].includes(chars), 'not a boolean')
    return { kind: chars === 'true' || chars === '1' ? 'true' : 'false', text: '', kids: [] }
  }
  if (s.kind === 'number') {
    must(/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(chars) && Number.isFinite(Number(chars)), 'not a number')
  }
  return { kind: s.kind ?? 'null', text: s.words ? expandQName(chars, e) : chars, kids: [] }
}

/** expandQName returns the URI that a vocabulary value in the compact form stands for. */
function expandQName(chars: string, e: Element): string {
  const colon = chars.indexOf(':')
  if (colon <= 0) return chars
  const space = e.scope.get(chars.slice(0, colon))
  return space === undefined ? expand(chars, standard) : space + chars.slice(colon + 1)
}

function convertList(s: Shape, e: Element): Tree {
  must(e.text === '', 'text where elements must be')
  const kids = e.kids.filter((k) => !foreign(k) && k.local !== 'extension')
  return {
    kind: 'list',
    text: '',
    kids: kids.map((k) => {
      must(k.local === s.tag, 'no such element')
      return { name: '', value: convert(s.item as Shape, k) }
    }),
  }
}

/** An ObjectConverter gathers the members of an object. */
class ObjectConverter {
  private readonly out: Tree = { kind: 'object', text: '', kids: [] }
  private readonly fields: Field[]

  constructor(private readonly shape: Shape) {
    this.fields = shape.fields ?? []
  }

  convert(e: Element): Tree {
    if (this.shape.attrs) this.attributes(e)
    this.elements(e, 0)
    return this.out
  }

  private attributes(e: Element): void {
    const { body } = this.shape
    for (const a of e.attrs.filter((a) => a.space === '')) {
      const f = this.fields.find((f) => f.name === a.local)
      must(f?.shape && a.local !== body, 'no such attribute')
      this.out.kids.push({ name: a.local, value: convertText(f.shape, a.value, e) })
    }
    if (body) this.out.kids.push({ name: body, value: convert(uri, e) })
  }

  /** elements reads the elements of e in the order of the XML schema; an extension element has that order for itself. */
  private elements(e: Element, level: number): void {
    const { open, event, loose, body } = this.shape
    if (body) return
    must(e.text === '', 'text where elements must be')
    let last = -1
    for (const k of e.kids) {
      const rank = this.rank(k)
      if (rank < 0) {
        must(level > 1 || (open && !event && k.local === 'extension'), 'no such element')
        continue
      }
      must(
        loose || rank > last || (rank === last && (rank === this.fields.length || this.repeats(rank))),
        'not in the order of the XML schema',
      )
      last = rank
      this.element(k, rank, level)
    }
  }

  /** rank returns the place of an element in the order, or -1. Extensions come after everything. */
  private rank(k: Element): number {
    if (foreign(k) && this.shape.open) return this.fields.length
    if (foreign(k) || this.shape.attrs || (this.shape.event && k.local === 'type')) return -1
    return this.fields.findIndex((f) => f.name === k.local)
  }

  /** repeats reports whether the field's element stands once for each item of its list. */
  private repeats(rank: number): boolean {
    const s = this.fields[rank]?.shape
    return s?.kind === 'list' && s.tag === ''
  }

  private element(k: Element, rank: number, level: number): void {
    const f = this.fields[rank]
    if (!f) {
      if (this.shape.keep) this.out.kids.push(keep(k))
      return
    }
    if (!f.shape) {
      this.elements(k, level + 1)
      return
    }
    if (isNil(k)) return
    const there = this.out.kids.find((m) => m.name === f.name)
    if (this.repeats(rank)) {
      const item = { name: '', value: convert(f.shape.item as Shape, k) }
      if (there) there.value.kids.push(item)
      else this.out.kids.push({ name: f.name, value: { kind: 'list', text: '', kids: [item] } })
      return
    }
    must(!there, 'twice')
    this.out.kids.push({ name: f.name, value: convert(f.shape, k) })
  }
}

/** keep returns an extension element as a member. Of a structure only the name is kept. */
function keep(k: Element): { name: string; value: Tree } {
  const space = k.space === 'urn:epcglobal:cbv:mda' ? `${k.space}:` : k.space
  return { name: space + k.local, value: k.kids.length > 0 ? { kind: 'object', text: '', kids: [] } : text(k.text) }
}

const isNil = (k: Element) => {
  const nil = k.attrs.find((a) => a.space === 'http://www.w3.org/2001/XMLSchema-instance' && a.local === 'nil')?.value
  return nil === 'true' || nil === '1'
}
