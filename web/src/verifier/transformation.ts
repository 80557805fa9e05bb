// The EPCIS event that turned lots of material into the batch. It has one form, so its
// members are read in their order, and nothing else is understood.

import { type Bytes, fromUTF8, must } from './bytes'
import { rising } from './forms'
import { instant, isGLN, isGTIN, isItem, type LGTIN, lotLink } from './gs1'
import { exactly, held, list, object, type Read, text, whole } from './json'
import { isCompact, isURI } from './uri'

const lotClass = object({ epcClass: text })
const lot: Read<LGTIN> = (s) => {
  const link = lotClass(s).epcClass
  const [gtin = '', , escaped = ''] = link.split('/').slice(4)
  const l = { gtin, lot: decodeURIComponent(escaped) }
  must(isGTIN(gtin) && isItem(l.lot) && l.lot !== '.' && l.lot !== '..' && lotLink(l) === link)
  return l
}

// In UTC, with a fraction of a second that has no zeros at its end.
const time = held((s) => {
  const [, to = ''] = /^(.{19})(\.\d{0,8}[1-9])?Z$/.exec(s) ?? []
  return instant(to) !== undefined && !s.startsWith('0000') && s !== '0001-01-01T00:00:00Z'
})

const place = 'https://id.gs1.org/414/'

const event = object({
  bizStep: exactly('creating_class_instance'),
  eventTime: time,
  eventTimeZoneOffset: held((s) => /^[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00)$/.test(s)),
  inputQuantityList: list(lot),
  outputQuantityList: list(lot),
  readPoint: object({ id: held((s) => s.startsWith(place) && isGLN(s.slice(place.length))) }),
  transformationID: held((s) => isURI(s) && !isCompact(s)),
  type: exactly('TransformationEvent'),
})

const document = object({
  '@context': exactly(['https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld']),
  creationDate: text,
  epcisBody: object({ eventList: list(event) }),
  schemaVersion: exactly('2.0'),
  type: exactly('EPCISDocument'),
})

export interface Transformation {
  inputs: LGTIN[]
  output: LGTIN
}

const order = (l: LGTIN) => `${l.gtin} ${l.lot}`

/** readTransformation throws for every byte that the maker of such a document would not write. */
export function readTransformation(raw: Bytes): Transformation {
  must(raw.length <= 16 << 20)
  const { creationDate, epcisBody } = whole(fromUTF8(raw), document)
  const [e, more] = epcisBody.eventList
  must(e && !more && e.eventTime === creationDate)
  const { inputQuantityList: inputs, outputQuantityList: outputs } = e
  const [output, other] = outputs
  const names = inputs.map(order)
  must(inputs.length > 0 && output && !other && rising(names) && !names.includes(order(output)))
  return { inputs, output }
}
