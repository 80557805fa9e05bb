// What an event is, in the terms of the EPCIS 2.0 JSON schema and in the order of the
// XML schema: one table for both.

import { must } from '../bytes'
import { isURI } from '../uri'
import type { Tree } from './tree'
import * as w from './words'

/** A Shape says what a value must be, in the JSON form, and how XML writes it. Without kind it is anything. */
export interface Shape {
  kind?: Tree['kind']
  leaf?: (s: string) => boolean // of a text
  words?: w.Vocabulary // of a text
  item?: Shape // of a list
  tag?: string // the XML name of an item; without one the list's own element is repeated
  least?: number // items, or members
  unique?: boolean // no text twice in the list
  lone?: boolean // JSON may leave out the list around a single text
  fields?: Field[] // of an object, in the order of the XML schema
  open?: boolean // other members may follow if their names are URIs
  keep?: boolean // XML: keep those other members
  attrs?: boolean // XML: the members are attributes
  body?: string // XML: the member that is the element's text
  event?: boolean // XML: members may stand in extension and baseExtension
  loose?: boolean // XML: in any order
}

/** A Field is a member of an object. One without shape is an element that XML has and JSON does not. */
export interface Field {
  name: string
  need: boolean
  shape?: Shape | undefined
}

/** fields reads "name!" for a member that must be there, and pairs it with its shape. */
const fields = (all: Record<string, Shape | undefined>): Field[] =>
  Object.entries(all).map(([name, shape]) => ({ name: name.replace('!', ''), need: name.endsWith('!'), shape }))

const leaf = (ok: (s: string) => boolean): Shape => ({ kind: 'text', leaf: ok })
const words = (v: w.Vocabulary): Shape => ({ kind: 'text', words: v })
const object = (all: Record<string, Shape | undefined>, more: Shape = {}): Shape => ({ kind: 'object', fields: fields(all), ...more })
const list = (item: Shape, tag = '', more: Shape = {}): Shape => ({ kind: 'list', item, tag, ...more })

const anything: Shape = {}
const text: Shape = { kind: 'text' }
const number: Shape = { kind: 'number' }
export const uri = leaf(isURI)
const time = leaf(w.isTime)
const open: Shape = { open: true }

const epcs = list(uri, 'epc')
const epcSet = list(uri, 'epc', { unique: true })
const place = object({ 'id!': uri }, open)
const quantities = list(object({ 'epcClass!': uri, quantity: number, uom: leaf(w.isUnit) }), 'quantityElement')
const transaction = object({ type: words(w.transactionTypes), 'bizTransaction!': uri }, { body: 'bizTransaction', attrs: true })
const party = (name: string) => list(object({ 'type!': words(w.partyTypes), [`${name}!`]: uri }, { body: name, attrs: true }), name)
const states = list(words(w.dispositions), '', { least: 1, unique: true })
const declaration = object(
  { 'declarationTime!': time, reason: words(w.errorReasons), correctiveEventIDs: list(uri, 'correctiveEventID') },
  { open: true, loose: true },
)

const sensorMetadata = object(
  { time, deviceID: uri, deviceMetadata: uri, rawData: uri, startTime: time, endTime: time, dataProcessingMethod: uri, bizRules: uri },
  { open: true, attrs: true },
)
const sensorReport = object(
  {
    'type!': words(w.measurements),
    exception: words(w.alerts),
    deviceID: uri,
    deviceMetadata: uri,
    rawData: uri,
    dataProcessingMethod: uri,
    bizRules: uri,
    time,
    microorganism: uri,
    chemicalSubstance: uri,
    coordinateReferenceSystem: uri,
    value: number,
    component: words(w.components),
    stringValue: text,
    booleanValue: { kind: 'true' },
    hexBinaryValue: leaf(w.isHex),
    uriValue: uri,
    minValue: number,
    maxValue: number,
    meanValue: number,
    sDev: number,
    percRank: number,
    percValue: number,
    uom: text,
  },
  { open: true, attrs: true },
)
const sensors = list(object({ sensorMetadata, 'sensorReport!': list(sensorReport, '', { least: 1 }) }, open), 'sensorElement')

/** eventShape is what all events have, then an event's own. */
const eventShape = (own: Record<string, Shape>): Shape =>
  object(
    {
      '@context': anything,
      'type!': text,
      'eventTime!': time,
      recordTime: time,
      'eventTimeZoneOffset!': leaf(w.isOffset),
      eventID: uri,
      errorDeclaration: declaration,
      certificationInfo: list(uri, '', { lone: true }),
      baseExtension: undefined,
      ...own,
      extension: undefined,
    },
    { open: true, event: true },
  )

const action = { 'action!': leaf(w.isAction) }
const business = { bizStep: words(w.bizSteps), disposition: words(w.dispositions), readPoint: place, bizLocation: place }
const transactions = { bizTransactionList: list(transaction, 'bizTransaction') }
const parties = { sourceList: party('source'), destinationList: party('destination') }
const measured = { sensorElementList: sensors, persistentDisposition: object({ unset: states, set: states }, { least: 1 }) }
const ilmd = { ilmd: { kind: 'object', fields: [], open: true, keep: true } as Shape }

/** events are the types of event that are taken. */
export const events = new Map<string, Shape>([
  [
    'ObjectEvent',
    eventShape({ epcList: epcSet, ...action, ...business, ...transactions, quantityList: quantities, ...parties, ...measured, ...ilmd }),
  ],
  [
    'AggregationEvent',
    eventShape({
      parentID: uri,
      childEPCs: epcs,
      ...action,
      ...business,
      ...transactions,
      childQuantityList: quantities,
      ...parties,
      ...measured,
    }),
  ],
  [
    'TransactionEvent',
    eventShape({
      'bizTransactionList!': list(transaction, 'bizTransaction', { least: 1 }),
      parentID: uri,
      epcList: epcs,
      ...action,
      ...business,
      quantityList: quantities,
      ...parties,
      ...measured,
    }),
  ],
  [
    'TransformationEvent',
    eventShape({
      inputEPCList: epcSet,
      inputQuantityList: quantities,
      outputEPCList: epcSet,
      outputQuantityList: quantities,
      transformationID: uri,
      ...business,
      ...transactions,
      ...parties,
      ...measured,
      ...ilmd,
    }),
  ],
  [
    'AssociationEvent',
    eventShape({
      'parentID!': uri,
      childEPCs: epcs,
      childQuantityList: quantities,
      ...action,
      ...business,
      ...transactions,
      ...parties,
      ...measured,
    }),
  ],
])

const element = object({ 'id!': uri, attributes: list(object({ 'id!': uri, attribute: anything }, open)), children: list(uri) }, open)
const vocabularies = list(object({ 'type!': uri, vocabularyElementList: list(element) }, open))

/** document is one in JSON; its events are checked one by one. */
export const document = object(
  {
    '@context!': anything,
    id: uri,
    'type!': text,
    'schemaVersion!': leaf(w.isVersion),
    'creationDate!': time,
    instanceIdentifier: text,
    sender: text,
    receiver: text,
    epcisHeader: object({ epcisMasterData: object({ vocabularyList: vocabularies }, open) }, open),
    'epcisBody!': object({ 'eventList!': list(anything) }, open),
  },
  open,
)

/** epcisWords are the members of events and documents, which the GS1 context defines. */
export const epcisWords = new Set([...events.values(), document].flatMap((s) => (s.fields ?? []).filter((f) => f.shape).map((f) => f.name)))

export const get = (v: Tree | undefined, name: string): Tree | undefined => v?.kids.find((k) => k.name === name)?.value

/** str returns the member that is a text, or "". */
export const str = (v: Tree | undefined, name: string): string => get(v, name)?.text ?? ''

/** items returns the items of the member that is a list; a bare value is a list of one. */
export function items(v: Tree | undefined, name: string): Tree[] {
  const m = get(v, name)
  if (!m) return []
  return m.kind === 'list' ? m.kids.map((k) => k.value) : [m]
}

/** check throws unless v has the shape. XML writes words of the CBV as URIs. */
export function check(s: Shape, v: Tree, xml: boolean): void {
  if (!s.kind || (s.kind === 'true' && v.kind === 'false')) return
  if (s.lone && v.kind === 'text') {
    check(s.item as Shape, v, xml)
    return
  }
  must(s.kind === v.kind, `not ${s.kind} but ${v.kind}`)
  if (s.kind === 'list') checkList(s, v, xml)
  else if (s.kind === 'object') checkObject(s, v, xml)
  else if (s.words) w.checkWord(s.words, v.text, xml)
  else must(!s.leaf || s.leaf(v.text), 'a text of another form')
}

function checkList(s: Shape, v: Tree, xml: boolean): void {
  must(v.kids.length >= (s.least ?? 0), 'empty')
  for (const k of v.kids) check(s.item as Shape, k.value, xml)
  must(!s.unique || new Set(v.kids.map((k) => k.value.text)).size === v.kids.length, 'twice')
}

function checkObject(s: Shape, v: Tree, xml: boolean): void {
  const known = s.fields ?? []
  for (const k of v.kids) {
    const shape = known.find((f) => f.name === k.name)?.shape
    if (shape) check(shape, k.value, xml)
    else must(s.open && isURI(k.name), 'no such member, and no extension')
  }
  must(v.kids.length >= (s.least ?? 0), 'empty')
  must(
    known.every((f) => !f.need || get(v, f.name)),
    'a member is missing',
  )
}
