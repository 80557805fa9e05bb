// The EPCIS event that turned lots of material into the batch. It has one form, so its
// members are read in their order, and nothing else is understood.

import { held } from './bundle'
import { type Bytes, fromUTF8, must } from './bytes'
import { checked, isGTIN, isItem, type LGTIN, lotLink } from './gs1'
import { type Members, Reader, text } from './json'
import { expand, isURI, standard } from './uri'

export interface Transformation {
  at: string
  inputs: LGTIN[]
  output: LGTIN
}

const exactly = (want: string) => held((s) => s === want, `no ${want}`)

const lot = (r: Reader): LGTIN => {
  const link = r.object((m) => m.need('epcClass', text))
  const [, gtin, escaped] = /^https:\/\/id\.gs1\.org\/01\/([0-9]{14})\/10\/(.+)$/.exec(link) ?? []
  must(gtin !== undefined && escaped !== undefined && isGTIN(gtin), 'no lot')
  const l = { gtin, lot: decodeURIComponent(escaped) }
  must(isItem(l.lot) && l.lot !== '.' && l.lot !== '..' && lotLink(l) === link, 'no lot')
  return l
}

// In UTC, with a fraction of a second that has no zeros at its end.
const isTime = (s: string) => {
  const m = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{0,8}[1-9])?Z$/.exec(s)
  const at = Date.parse(`${m?.[1]}Z`)
  return !s.startsWith('0000') && s !== '0001-01-01T00:00:00Z' && !Number.isNaN(at) && new Date(at).toISOString().slice(0, 19) === m?.[1]
}

const isOffset = (s: string) => /^[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00)$/.test(s)

const isPlace = (s: string) => {
  const [, gln] = /^https:\/\/id\.gs1\.org\/414\/([0-9]{13})$/.exec(s) ?? []
  return gln !== undefined && checked(gln, 13)
}

const event = (m: Members): Transformation => {
  m.need('bizStep', exactly('creating_class_instance'))
  const at = m.need('eventTime', held(isTime, 'no time'))
  m.need('eventTimeZoneOffset', held(isOffset, 'no offset'))
  const inputs = m.need('inputQuantityList', (r) => r.list(lot))
  const [output, more] = m.need('outputQuantityList', (r) => r.list(lot))
  m.need('readPoint', (r) => r.object((m) => m.need('id', held(isPlace, 'no place'))))
  m.need(
    'transformationID',
    held((s) => isURI(s) && expand(s, standard) === s, 'no URI'),
  )
  m.need('type', exactly('TransformationEvent'))
  must(inputs.length > 0 && output && !more, 'not some inputs and one output')
  return { at, inputs, output }
}

const document = (m: Members) => {
  const [context, other] = m.need('@context', (r) => r.list(text))
  must(context === 'https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld' && other === undefined, 'another context')
  const created = m.need('creationDate', text)
  const [only, more] = m.need('epcisBody', (r) => r.object((m) => m.need('eventList', (r) => r.list((r) => r.object(event)))))
  m.need('schemaVersion', exactly('2.0'))
  m.need('type', exactly('EPCISDocument'))
  must(only && !more && only.at === created, 'not one event, written at its time')
  return only
}

const order = (l: LGTIN) => `${l.gtin} ${l.lot}`

/** readTransformation throws NotCanonical for every byte that the maker of such a document would not write. */
export function readTransformation(raw: Bytes): Transformation {
  must(raw.length <= 16 << 20, 'too large')
  const t = Reader.whole(fromUTF8(raw), (r) => r.object(document))
  const { inputs, output } = t
  const names = inputs.map(order)
  must(
    names.every((n, i) => i === 0 || (names[i - 1] as string) < n),
    'inputs do not rise',
  )
  must(!names.includes(order(output)), 'the output is among the inputs')
  return t
}
