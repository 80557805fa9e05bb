// The eight exchanges of paper 000 as a table, and what their bodies say.

import { bytes, digest, type Field, gtin, held, item, uint } from './bundle'
import { type Digest, must, utf8, zeroDigest } from './bytes'
import { type Claims, shown } from './envelope'
import { day, type LGTIN } from './gs1'
import { type Members, Reader, text } from './json'
import { as, refuse } from './refusal'

export type Step = 'distribution' | 'approval' | 'material'

/** A Kind is one of the eight messages: who sends it and what it may follow. */
export interface Kind {
  number: number
  type: string
  from: string[]
  follows: string[] // empty: it opens a case
  answers: boolean // it has one predecessor, turns it round, and keeps its case
}

const kinds: Kind[] = [
  { number: 1, type: 'dmms/1', from: ['manufacturer'], follows: [], answers: false },
  { number: 2, type: 'msdm/1', from: ['supplier'], follows: ['dmms/1'], answers: true },
  { number: 3, type: 'dmda/1', from: ['manufacturer'], follows: ['msdm/1', 'dadm/1'], answers: false },
  { number: 4, type: 'dadm/1', from: ['administration'], follows: ['dmda/1'], answers: true },
  { number: 5, type: 'dmdd/1', from: ['manufacturer'], follows: ['dadm/1'], answers: false },
  { number: 6, type: 'dddm/1', from: ['distributor'], follows: ['dmdd/1'], answers: true },
  { number: 7, type: 'dispatch/1', from: ['distributor', 'pharmacy', 'hospital'], follows: ['dmdd/1', 'dispatch/1'], answers: false },
  { number: 8, type: 'receipt/1', from: ['distributor', 'pharmacy', 'hospital', 'manufacturer'], follows: ['dispatch/1'], answers: true },
]

export const find = (type: string): Kind | undefined => kinds.find((k) => k.type === type)

/** stepOf returns the step in which the paper verifies an exchange. */
export const stepOf = (k: Kind): Step => (k.number <= 2 ? 'material' : k.number <= 4 ? 'approval' : 'distribution')

/** checkPrev refuses a message that may not follow these. */
export function checkPrev(k: Kind, c: Claims, prev: { kind: Kind; claims: Claims }[]): void {
  if ((prev.length === 0) !== (k.follows.length === 0) || (k.answers && prev.length !== 1)) {
    refuse('unknown_prev', `${k.type} follows ${prev.length} messages`)
  }
  for (const { kind, claims: p } of prev) {
    if (!k.follows.includes(kind.type)) refuse('unknown_prev', `${k.type} does not follow ${kind.type}`)
    if (p.aud !== c.iss) refuse('unknown_prev', `${kind.type} went to ${p.aud}`)
    if (k.answers && p.iss !== c.aud) refuse('unknown_prev', `${kind.type} came from ${p.iss}`)
    if (k.answers && p.case !== c.case) refuse('wrong_case', `the answer stands under ${c.case}, not ${p.case}`)
  }
}

export interface Parcel extends LGTIN {
  batch: Digest
  expiry: string
  ranges: { from: bigint; to: bigint }[]
}

/** A Content is the body of an exchange: the members that its type has. */
export interface Content {
  certificate: string
  documents: Digest
  expiries: { batch: Digest; expiry: string }[]
  lots: LGTIN[]
  material: string
  parcels: Parcel[]
}
const nothing: Content = { certificate: '', documents: zeroDigest, expiries: [], lots: [], material: '', parcels: [] }

const filled = held((s) => s !== '', 'an empty text')
const date = held((s) => day(s) !== undefined, 'no date')

/** printable refuses what could hide something on a screen: control characters too. */
const printable = held((s) => utf8(s).length <= 200 && /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u.test(s), 'no printable text')

/** some reads a list of 1 to 64. */
function some<T>(one: (r: Reader) => T): (r: Reader) => T[] {
  return (r) => {
    const all = r.list(one)
    must(all.length > 0 && all.length <= 64, 'not 1 to 64 items')
    return all
  }
}

const lot = (r: Reader): LGTIN => r.object((m) => ({ gtin: m.need('gtin', gtin), lot: m.need('lot', item) }))

const supplied = (r: Reader): LGTIN =>
  r.object((m) => {
    must(m.need('analysis', digest) !== zeroDigest, 'the analysis is missing')
    const l = { gtin: m.need('gtin', gtin), lot: m.need('lot', item) }
    m.need('produced', date)
    return l
  })

/** ranges reads spans that rise and do not touch: a set of packs has one spelling. */
const ranges = (r: Reader) => {
  const all = r.list((r) => r.object((m) => ({ from: m.need('from', uint), to: m.need('to', uint) })))
  must(all.length > 0 && all.length <= 1024, 'not 1 to 1,024 ranges')
  let last = -1n
  for (const { from, to } of all) {
    must(from < to && to <= 1n << 40n && from > last, 'ranges')
    last = to
  }
  return all
}

const parcels = (r: Reader): Parcel[] => {
  const all = some((r) =>
    r.object((m) => ({
      batch: m.need('batch', digest),
      expiry: m.need('expiry', date),
      gtin: m.need('gtin', gtin),
      lot: m.need('lot', item),
      ranges: m.need('ranges', ranges),
    })),
  )(r)
  must(new Set(all.map((p) => p.batch)).size === all.length, 'two parcels of a batch')
  return all
}

/** risingGTINs reads 1 to 64 product codes, rising. */
export const risingGTINs = (r: Reader): string[] => {
  const all = some(gtin)(r)
  must(
    all.every((g, i) => i === 0 || (all[i - 1] as string) < g),
    'GTINs do not rise',
  )
  return all
}

const count = (r: Reader): Digest =>
  r.object((m) => {
    const batch = m.need('batch', digest)
    for (const name of ['received', 'remaining', 'returned', 'sold']) m.need(name, uint)
    return batch
  })

// Members stand in the order of their names. What the ledger must see is needed, the
// rest may be withheld.
const contents: Record<string, (m: Members) => Partial<Content>> = {
  'dmms/1': (m) => {
    const material = m.need('material', printable)
    m.need('product', printable)
    m.may('quantity', filled)
    return { material }
  },
  'msdm/1': (m) => {
    const c = { lots: m.need('lots', some(supplied)), material: m.need('material', printable) }
    m.may('quantity', filled)
    return c
  },
  'dmda/1': (m) => {
    const documents = m.need('documents', digest)
    must(documents !== zeroDigest, 'the root of the documents is missing')
    m.need('gtins', risingGTINs)
    m.need('materials', some(lot))
    m.need('product', printable)
    m.may('sealed', bytes)
    return { documents }
  },
  'dadm/1': (m) => {
    const certificate = m.may('certificate', filled) ?? ''
    const decision = m.need('decision', text)
    must(decision === 'approved' ? certificate !== '' : ['refused', 'question'].includes(decision) && certificate === '', 'decision')
    m.may('reasons', filled)
    return { certificate }
  },
  'dmdd/1': (m) => {
    const certificate = m.need('certificate', printable)
    m.may('cost', filled)
    const c = { certificate, parcels: m.need('parcels', parcels) }
    m.need('sales_method', printable)
    return c
  },
  'dddm/1': (m) => {
    m.may('counts', (r) => r.list(count))
    return {
      expiries: m.need(
        'expiries',
        some((r) => r.object((m) => ({ batch: m.need('batch', digest), expiry: m.need('expiry', date) }))),
      ),
    }
  },
  'dispatch/1': (m) => {
    m.may('note', filled)
    return { parcels: m.need('parcels', parcels) }
  },
  'receipt/1': (m) => {
    m.may('differences', filled)
    m.may('received', (r) => r.list(count))
    return {}
  },
}

/** readContent reads the fields of a body that are shown. */
export function readContent(k: Kind, body: Field[]): Content {
  const read = contents[k.type] as (m: Members) => Partial<Content>
  return as('bad_field', `a field of ${k.type} is missing or malformed`, () => ({
    ...nothing,
    ...Reader.whole(shown(body), (r) => r.object(read)),
  }))
}
