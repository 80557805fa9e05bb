// The eight exchanges of paper 000 as a table, and what their bodies say.

import type { Field } from './bundle'
import { type Digest, must, utf8, zeroDigest } from './bytes'
import { type Claims, shown } from './envelope'
import { date, gtin, item, lot, risingGTINs, some, someDigest, uint } from './forms'
import type { LGTIN } from './gs1'
import { bytes, digest, held, list, object, type Read, type Source, text, whole } from './json'
import { as, refuseUnless } from './refusal'
import { may } from './schema'

export type Step = 'distribution' | 'approval' | 'material'

/** A Kind is one of the eight messages: who sends it and what it may follow. */
export interface Kind {
  type: keyof typeof contents
  step: Step // in which the paper verifies it
  from: string[]
  follows: string[] // empty: it opens a case
  answers: boolean // it has one predecessor, turns it round, and keeps its case
}

const [manufacturer, supplier, distributor, counter] = ['manufacturer', 'supplier', 'distributor', ['pharmacy', 'hospital']] as const
const kinds: Kind[] = [
  { type: 'dmms/1', step: 'material', from: [manufacturer], follows: [], answers: false },
  { type: 'msdm/1', step: 'material', from: [supplier], follows: ['dmms/1'], answers: true },
  { type: 'dmda/1', step: 'approval', from: [manufacturer], follows: ['msdm/1', 'dadm/1'], answers: false },
  { type: 'dadm/1', step: 'approval', from: ['administration'], follows: ['dmda/1'], answers: true },
  { type: 'dmdd/1', step: 'distribution', from: [manufacturer], follows: ['dadm/1'], answers: false },
  { type: 'dddm/1', step: 'distribution', from: [distributor], follows: ['dmdd/1'], answers: true },
  { type: 'dispatch/1', step: 'distribution', from: [distributor, ...counter], follows: ['dmdd/1', 'dispatch/1'], answers: false },
  { type: 'receipt/1', step: 'distribution', from: [distributor, ...counter, manufacturer], follows: ['dispatch/1'], answers: true },
]

export const find = (type: string): Kind | undefined => kinds.find((k) => k.type === type)

/** checkPrev refuses a message that may not follow these. */
export function checkPrev(k: Kind, c: Claims, prev: { kind: Kind; claims: Claims }[]): void {
  refuseUnless((prev.length === 0) === (k.follows.length === 0) && (!k.answers || prev.length === 1), 'unknown_prev', prev.length)
  for (const { kind, claims: p } of prev) {
    const follows = k.follows.includes(kind.type) && p.aud === c.iss && (!k.answers || p.iss === c.aud)
    refuseUnless(follows, 'unknown_prev', kind.type, p.iss, p.aud)
    refuseUnless(!k.answers || p.case === c.case, 'wrong_case', p.case, c.case)
  }
}

/** ranges reads spans that rise and do not touch: a set of packs has one spelling. */
const ranges: Read<{ from: bigint; to: bigint }[]> = (s) => {
  const all = some(object({ from: uint, to: uint }), 1024)(s)
  let last = -1n
  for (const { from, to } of all) {
    must(from < to && to <= 1n << 40n && from > last)
    last = to
  }
  return all
}

const parcel = object({ batch: digest, expiry: date, gtin, lot: item, ranges })
type Parcel = ReturnType<typeof parcel>

const once = (all: Digest[]) => must(new Set(all).size === all.length)

const parcels: Read<Parcel[]> = (s) => {
  const all = some(parcel)(s)
  once(all.map((p) => p.batch))
  return all
}

// Goods may carry registrations of paper 001, and for each what is sealed to their receiver.
const consignments = may(list(bytes), undefined)
const registrations = may((s: Source) => {
  const all = list(someDigest)(s)
  must(all.length <= 64)
  once(all)
  return all
}, undefined)

/** A Content is the body of an exchange: the members that its type has. */
export interface Content {
  certificate: string
  documents: Digest
  expiries: { batch: Digest; expiry: string }[]
  lots: LGTIN[]
  material: string
  parcels: Parcel[]
  consignments?: unknown[]
  registrations?: Digest[]
}
const nothing: Content = { certificate: '', documents: zeroDigest, expiries: [], lots: [], material: '', parcels: [] }

/** printable refuses what could hide something on a screen: control characters too. */
const printable = held((s) => utf8(s).length <= 200 && /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u.test(s))
const filled = may(text, '')
const counts = may(list(object({ batch: digest, received: uint, remaining: uint, returned: uint, sold: uint })), undefined)

const decided = object({ certificate: filled, decision: text, reasons: filled })
const decision: typeof decided = (s) => {
  const d = decided(s)
  must(d.decision === 'approved' ? d.certificate : ['refused', 'question'].includes(d.decision) && !d.certificate)
  return d
}

// What the ledger must see is needed, the rest may be withheld.
const contents = {
  'dmms/1': object({ material: printable, product: printable, quantity: filled }),
  'msdm/1': object({
    consignments,
    lots: some(object({ analysis: someDigest, gtin, lot: item, produced: date })),
    material: printable,
    quantity: filled,
    registrations,
  }),
  'dmda/1': object({
    documents: someDigest,
    gtins: risingGTINs,
    materials: some(lot),
    product: printable,
    sealed: may(bytes, undefined),
  }),
  'dadm/1': decision,
  'dmdd/1': object({ certificate: printable, consignments, cost: filled, parcels, registrations, sales_method: printable }),
  'dddm/1': object({ counts, expiries: some(object({ batch: digest, expiry: date })) }),
  'dispatch/1': object({ consignments, note: filled, parcels, registrations }),
  'receipt/1': object({ differences: filled, received: counts }),
}

/** readContent reads the fields of a body that are shown. */
export const readContent = (k: Kind, body: Field[]): Content =>
  as('bad_field', () => {
    const c = { ...nothing, ...whole(shown(body), contents[k.type] as Read<Partial<Content>>) }
    must(!c.consignments?.length || c.consignments.length === c.registrations?.length)
    return c
  })
