// An event, as far as it says that packs came into being. The rest is held to its form.

import { must } from '../bytes'
import { isItem, lastDay } from '../gs1'
import { checkExtensions, expand, type Prefixes, within } from './context'
import { type Identity, identity } from './identifier'
import { check, events, get, items, str } from './shapes'
import type { Tree } from './tree'
import { isCommissioning, isTime } from './words'

export interface Event {
  id: string
  declaredWrong: boolean
  /** commissions is what it declares; undefined if it declares no lot. */
  commissions?: { lot: string; expiry: string; packs: { gtin: string; serial: string }[] }
}

/** readEvent throws unless the event is one that is taken. */
export function readEvent(v: Tree, outer: Prefixes, xml: boolean): Event {
  must(v.kind === 'object', 'an event must be an object')
  const names = xml ? outer : within(outer, v)
  const shape = events.get(str(v, 'type'))
  must(shape, 'none of the five types of event')
  check(shape, v, xml)
  checkExtensions(names, v)
  checkContent(v)
  const id = (s: string) => identity(expand(s, names))
  const objects = set(items(v, 'epcList').map((e) => id(e.text)))
  for (const list of ['childEPCs', 'inputEPCList', 'outputEPCList']) for (const e of items(v, list)) id(e.text)
  for (const list of ['quantityList', 'childQuantityList', 'inputQuantityList', 'outputQuantityList']) {
    for (const q of items(v, list)) id(str(q, 'epcClass'))
  }
  for (const [list, name] of [
    ['bizTransactionList', 'bizTransaction'],
    ['sourceList', 'source'],
    ['destinationList', 'destination'],
  ] as const) {
    for (const l of items(v, list)) id(str(l, name))
  }
  for (const s of [str(v, 'parentID'), str(get(v, 'readPoint'), 'id'), str(get(v, 'bizLocation'), 'id')]) if (s !== '') id(s)
  const e: Event = { id: expand(str(v, 'eventID'), names), declaredWrong: get(v, 'errorDeclaration') !== undefined }
  const { lot, expiry } = batch(v, names)
  const commissioning = isCommissioning(expand(str(v, 'bizStep'), names))
  if (str(v, 'type') === 'ObjectEvent' && str(v, 'action') === 'ADD' && commissioning && lot !== '' && expiry !== '') {
    e.commissions = { lot, expiry, packs: objects.flatMap((o) => (o.pack ? [o.pack] : [])) }
  }
  return e
}

/** set drops what is there under two spellings. */
const set = (all: Identity[]): Identity[] => [...new Map(all.map((i) => [i.uri, i])).values()]

const filled = (v: Tree, name: string) => (get(v, name)?.kids.length ?? 0) > 0
const has = (v: Tree, name: string) => get(v, name) !== undefined

/** checkContent throws unless the event is about something (EPCIS 2.0, sections 7.4.2 to 7.4.6). */
function checkContent(v: Tree): void {
  const [type, action] = [str(v, 'type'), str(v, 'action')]
  const some = has(v, 'epcList') || filled(v, 'quantityList')
  const children = filled(v, 'childEPCs') || filled(v, 'childQuantityList') || action === 'DELETE'
  if (type === 'ObjectEvent') {
    must(!has(v, 'ilmd') || action === 'ADD', 'ilmd without ADD')
    must(some || (filled(v, 'sensorElementList') && has(v, 'readPoint')), 'about nothing')
  } else if (type === 'AggregationEvent') {
    must((str(v, 'parentID') !== '' || action === 'OBSERVE') && children, 'parentID or children are missing')
  } else if (type === 'AssociationEvent') {
    must(children, 'children are missing')
  } else if (type === 'TransactionEvent') {
    must(some || action === 'DELETE', 'about nothing')
  } else {
    const given = filled(v, 'inputEPCList') || filled(v, 'inputQuantityList')
    const made = filled(v, 'outputEPCList') || filled(v, 'outputQuantityList')
    must((given && made) || ((given || made) && has(v, 'transformationID')), 'not both inputs and outputs')
  }
}

/** batch reads the lot number and expiry date that the event gives to its objects (CBV 2.0, master data attributes). */
function batch(v: Tree, names: Prefixes): { lot: string; expiry: string } {
  let [lot, expiry] = ['', '']
  for (const k of get(v, 'ilmd')?.kids ?? []) {
    const [, name] = /^urn:epcglobal:cbv:mda[:#](lotNumber|itemExpirationDate)$/.exec(expand(k.name, names)) ?? []
    if (!name) continue
    must(k.value.kind === 'text', 'not a text')
    if (name === 'lotNumber') {
      must(lot === '' && isItem(k.value.text), 'lotNumber')
      lot = k.value.text
    } else {
      must(expiry === '', 'twice')
      expiry = parseExpiry(k.value.text)
    }
  }
  return { lot, expiry }
}

/** parseExpiry reads a date, a month, whose last day is meant, or a time, of which the day counts that it shows. */
function parseExpiry(s: string): string {
  const end = s.length === 7 ? lastDay(s) : undefined
  if (end !== undefined) return new Date(end).toISOString().slice(0, 10)
  const clock = s.startsWith('T', 10) ? s.slice(10) : `T00:00:00${s.slice(10)}`
  const full = s.slice(0, 10) + clock
  must(s.length >= 10 && (isTime(full) || isTime(`${full}Z`)), 'neither a date nor a month')
  return s.slice(0, 10)
}
