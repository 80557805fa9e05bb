import { describe, expect, test } from 'vitest'
import type { Dispatch, Holding, Message } from './shapes'
import { inState, offers, origins, pick } from './stock'

const holding: Holding = {
  batch: 'B',
  gtin: '09521141200018',
  lot: 'T1',
  expiry: '2029-11-21',
  expired: false,
  product: 'Theriacin 500 mg',
  maker: '9521141001028',
  status: 'released',
  packs: 40,
  counts: [],
  ranges: [
    { from: 0, to: 10, state: 'active' },
    { from: 10, to: 12, state: 'dispensed' },
    { from: 12, to: 20, state: 'active' },
    { from: 20, to: 25, state: 'returned' },
    { from: 25, to: 30, state: 'stolen' },
  ],
}

const shipment = (bc: string, from: number, to: number, batch = 'B'): Message<Dispatch> => ({
  id: bc,
  type: 'dispatch/1',
  case: 'c',
  from: '1',
  to: '2',
  prev: [],
  status: 'received',
  created: '2026-11-21T10:00:00Z',
  receipt: { bc, envelope: '', height: 1, index: 1, time: 1 },
  content: { parcels: [{ batch, expiry: '2029-11-21', gtin: '09521141200018', lot: 'T1', ranges: [{ from, to }] }] },
})

describe('what of the stock may go where', () => {
  test('packs by state', () => {
    expect(inState(holding, 'active')).toEqual([
      { from: 0, to: 10 },
      { from: 12, to: 20 },
    ])
  })

  test('only active packs go on; what is in doubt goes back', () => {
    expect(offers([holding], false)[0]?.ranges).toEqual(inState(holding, 'active'))
    expect(offers([holding], true)[0]?.ranges).toEqual(inState(holding, 'active', 'returned'))
  })

  test.each([{ status: 'recalled' as const }, { status: 'withdrawn' as const }, { expired: true }])(
    '%j goes nowhere but back',
    (change) => {
      expect(offers([{ ...holding, ...change }], false)).toEqual([])
      expect(offers([{ ...holding, ...change }], true)).toHaveLength(1)
    },
  )

  test('lines take the first packs that are there', () => {
    const there = offers([holding], false)
    expect(pick([{ batch: 'B', count: '12' }], there)).toEqual([
      {
        batch: 'B',
        ranges: [
          { from: 0, to: 10 },
          { from: 12, to: 14 },
        ],
      },
    ])
  })

  test.each(['0', '19', '', 'x', '1.5', '-1', '1e1'])('a line of %j packs cannot be', (count) => {
    expect(pick([{ batch: 'B', count }], offers([holding], false))).toEqual([undefined])
  })

  test('a batch stands in one line', () => {
    const there = offers([holding], false)
    expect(
      pick(
        [
          { batch: 'B', count: '1' },
          { batch: 'B', count: '1' },
        ],
        there,
      )[1],
    ).toBeUndefined()
    expect(pick([{ batch: 'C', count: '1' }], there)).toEqual([undefined])
  })

  test('a dispatch follows the shipments that brought its packs, the last of them first', () => {
    const parcel = [{ batch: 'B', ranges: [{ from: 5, to: 15 }] }]
    expect(origins(parcel, [shipment('later', 0, 10), shipment('earlier', 0, 20)])).toEqual(['later', 'earlier'])
    expect(origins(parcel, [shipment('all', 0, 20), shipment('older', 0, 20)])).toEqual(['all'])
    expect(origins(parcel, [shipment('other', 0, 20, 'C'), shipment('all', 0, 20)])).toEqual(['all'])
  })

  test('packs that came by no shipment cannot be sent on', () => {
    expect(origins([{ batch: 'B', ranges: [{ from: 5, to: 15 }] }], [shipment('some', 0, 10)])).toBeUndefined()
  })
})
