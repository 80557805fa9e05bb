import { describe, expect, test } from 'vitest'
import { packs } from './ranges'
import { fits, hops, knownOf, placeOfMark, preferred, thingOf, unsent } from './registrations'
import type { Dispatch, Message, Registration } from './shapes'
import { type Offer, pick } from './stock'

const registration = (id: string, more: Partial<Registration['terms']> = {}, rest: Partial<Registration> = {}): Registration => ({
  id,
  from: 'me',
  device: 'D',
  at: 1,
  size: 10,
  verified: 0,
  terms: { line: 'L', epoch: 1, counter: 1, to: 'you', place: 'you', root: 'R', batch: 'B', ranges: [{ from: 100, to: 110 }], ...more },
  ...rest,
})

const dispatch = (registrations: string[], status: 'sent' | 'refused' = 'sent'): Message<Dispatch> => ({
  id: 'm',
  type: 'dispatch/1',
  case: 'c',
  from: 'me',
  to: 'you',
  prev: [],
  status,
  created: '',
  content: { registrations },
})

const lot = { gtin: '09521141100011', lot: 'L1' }
const ids = (all: Registration[]) => all.map((r) => r.id)

describe('what goes along with a shipment', () => {
  test('is of the same receiver, and whole', () => {
    const r = registration('a')
    expect(fits(r, 'you', [{ batch: 'B', ranges: [{ from: 90, to: 110 }] }])).toBe(true)
    expect(fits(r, 'you', [{ batch: 'B', ranges: [{ from: 90, to: 109 }] }])).toBe(false)
    expect(fits(r, 'they', [{ batch: 'B', ranges: [{ from: 90, to: 110 }] }])).toBe(false)
    expect(fits(r, 'you', [{ batch: 'C', ranges: [{ from: 90, to: 110 }] }])).toBe(false)
    expect(fits(r, '', [])).toBe(false)
    const material = registration('m', { batch: '', ranges: [], material: lot })
    expect(fits(material, 'you', [], [lot])).toBe(true)
    expect(fits(material, 'you', [], [{ ...lot, lot: 'L2' }])).toBe(false)
  })

  test('is what no shipment took along, and no later registration replaced', () => {
    const old = registration('old')
    const anew = registration('anew', { counter: 2 }, { at: 2, before: ['old'] })
    const part = registration('part', { ranges: [{ from: 0, to: 20 }] })
    const over = registration('over', { counter: 2, ranges: [{ from: 5, to: 8 }] }, { at: 3 })
    expect(ids(unsent([old, anew], []))).toEqual(['anew'])
    expect(ids(unsent([anew, old], [dispatch(['anew'])]))).toEqual([])
    expect(ids(unsent([anew], [dispatch(['anew'], 'refused')]))).toEqual(['anew'])
    // A part of it counts still: who sends all its packs may send it along.
    expect(ids(unsent([part, over], []))).toEqual(['over', 'part'])
    const m = (id: string, at: number) => registration(id, { batch: '', ranges: [], material: lot }, { at })
    expect(ids(unsent([m('m1', 1), m('m2', 2)], []))).toEqual(['m2'])
  })
})

describe('which packs are taken', () => {
  const offer: Offer = { batch: 'B', label: 'B', ranges: [{ from: 0, to: 200 }] }
  const open = [
    registration('a'),
    registration('b', { ranges: [{ from: 150, to: 155 }] }, { at: 2, size: 5 }),
    registration('other', { to: 'they', ranges: [{ from: 0, to: 50 }] }),
  ]
  const take = (n: number, to = 'you') =>
    pick([{ batch: 'B', count: String(n) }], [offer], (batch, there, k) => preferred(open, to, batch, there, k))[0]

  test('registered ones first, whole, and those of others last', () => {
    expect(take(10)?.ranges).toEqual([{ from: 100, to: 110 }])
    expect(take(15)?.ranges).toEqual([
      { from: 100, to: 110 },
      { from: 150, to: 155 },
    ])
    expect(take(12)?.ranges).toEqual([
      { from: 50, to: 52 },
      { from: 100, to: 110 },
    ])
    // Too few for either: none is torn.
    expect(take(4)?.ranges).toEqual([{ from: 50, to: 54 }])
    expect(take(200)?.ranges).toEqual([{ from: 0, to: 200 }])
    expect(take(201)).toBeUndefined()
  })

  test('always as many as were asked for, each once, of what is there', () => {
    for (let n = 1; n <= 200; n++) for (const to of ['you', 'they', 'nobody']) expect(packs(take(n, to)?.ranges ?? [])).toBe(n)
  })
})

test('a registration is named as the lists name its batch', () => {
  const known = knownOf({
    shipments: [{ ...dispatch([]), content: { parcels: [{ batch: 'B', gtin: 'G', lot: 'T1', expiry: '', ranges: [] }] } }],
  })
  expect(thingOf(registration('a'), known)).toEqual({ kind: 'packs', gtin: 'G', lot: 'T1' })
  expect(thingOf(registration('a', { whole: true }), known)?.kind).toBe('case')
  expect(thingOf(registration('a', { batch: 'C' }), known)).toBeUndefined()
  expect(thingOf(registration('m', { material: lot }), known)).toEqual({ kind: 'material', ...lot })
})

test('a mark is of the pack at its place', () => {
  const r = registration('a', {
    ranges: [
      { from: 3, to: 5 },
      { from: 9, to: 11 },
    ],
  })
  expect([0, 1, 2, 3, 4].map((i) => placeOfMark(r, i))).toEqual([3, 4, 9, 10, undefined])
  expect(placeOfMark(registration('a', { whole: true }), 0)).toBeUndefined()
})

test('hops stand in their order, and a circle that a server tells ends', () => {
  const a = registration('a', { counter: 1 })
  const b = registration('b', { counter: 2 }, { before: ['a'], from: 'you' })
  const c = registration('c', { counter: 3 }, { before: ['b', 'gone'] })
  const apart = registration('z')
  for (const one of [a, b, c]) expect(ids(hops([c, apart, a, b], one))).toEqual(['a', 'b', 'c'])
  const ring = registration('r', {}, { before: ['r'] })
  expect(ids(hops([ring], ring))).toEqual(['r'])
})
