import { describe, expect, test } from 'vitest'
import {
  type Act,
  type End,
  keepOpen,
  next,
  readThing,
  repeatable,
  restoreBench,
  restoreOpen,
  start,
  suspicious,
  type Walk,
} from './measuring'

const now = new Date('2026-11-21T12:00:00Z')
const at = now.toISOString()
const refused = (code: string, status = 422): End => ({ kind: 'refused', code, status, words: code, at })
const genuine: End = { kind: 'genuine', done: { operation: 'O', index: 15, height: 30, time: 1 }, at }

const run = (...acts: Act[]): Walk => acts.reduce(next, start)
const here = { device: 'https://scale.example', place: '9521141001035' }
const scanned: Act = { type: 'scanned', code: 'c', key: 'k1', sure: true }
const measured = (end: End): Walk => run(scanned, { type: 'measure', bench: here }, { type: 'ended', key: 'k1', end })

describe('a walk through measuring', () => {
  test('asks where only while that is not known', () => {
    expect(run(scanned).step).toBe('ready')
    expect(run({ ...scanned, sure: false }).step).toBe('bench')
    expect(run({ ...scanned, sure: false }, { type: 'placed' })).toEqual({ step: 'ready', code: 'c', key: 'k1' })
  })

  test('measures what was scanned last, and nothing twice', () => {
    const two = run(scanned, { type: 'scanned', code: 'd', key: 'k2', sure: true })
    expect([two.code, two.key]).toEqual(['d', 'k2'])
    const under = next(two, { type: 'measure', bench: here })
    // A scanner that reads on while it is measured changes nothing of what is measured.
    expect(next(under, scanned)).toBe(under)
    expect(next(under, { type: 'measure', bench: here })).toBe(under)
    expect(next(under, { type: 'next' })).toBe(under)
  })

  // Otherwise a slow answer about one thing would pass for the next one's.
  test('takes no answer for another thing', () => {
    const under = run(scanned, { type: 'measure', bench: here })
    expect(next(under, { type: 'ended', key: 'k0', end: genuine })).toBe(under)
    expect(next(start, { type: 'ended', key: 'k1', end: genuine })).toBe(start)
    expect(next(under, { type: 'ended', key: 'k1', end: genuine }).end).toBe(genuine)
  })

  test('goes on with the next thing, with nothing of the one before', () => {
    expect(next(measured(genuine), { type: 'next' })).toEqual(start)
    expect(next(measured(genuine), { type: 'scanned', code: 'd', key: 'k2', sure: true })).toEqual({ step: 'ready', code: 'd', key: 'k2' })
  })

  // What may have been done is asked for just as it was, or the second measurement would be an alert about ourselves.
  test.each([
    { kind: 'cancelled', at } as End,
    refused('unreachable', 0),
    refused('busy', 503),
    refused('internal', 500),
    refused('in_progress', 409),
    refused('too_many_requests', 429),
    refused('unauthorised', 401),
  ])('asks for the answer again after %j', (end) => {
    const again = next(measured(end), { type: 'again', key: 'k2' })
    expect(again).toEqual({ step: 'ready', code: 'c', key: 'k1', at: here })
    expect(next(again, { type: 'change' })).toBe(again)
    expect(next(again, { type: 'measure', bench: { ...here, place: 'elsewhere' } }).at).toEqual(here)
  })

  // A new measurement has a key of its own, or the old answer came back.
  test.each([
    refused('not_legitimate'),
    refused('bad_proof'),
    refused('wrong_place', 409),
    refused('instrument_busy', 503),
    refused('device_unreachable', 503),
    refused('maker_unreachable', 503),
    refused('registrar_unreachable', 503),
  ])('measures anew after %j', (end) => {
    const again = next(measured(end), { type: 'again', key: 'k2' })
    expect(again).toEqual({ step: 'ready', code: 'c', key: 'k2' })
    expect(next(again, { type: 'change' }).step).toBe('bench')
  })

  test('what was left open is found again by its code, over a reload', () => {
    const kept = new Map<string, string>()
    const store = { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v) }
    const open = { registration: 'R', code: 'c', key: 'k1', at: here }
    keepOpen(store, 'p', [open])
    expect(restoreOpen(store, 'p')).toEqual([open])
    expect(run({ ...scanned, sure: false, at: here })).toEqual({ step: 'ready', code: 'c', key: 'k1', at: here })
    for (const bad of ['', '{', '7', 'null']) expect(restoreOpen({ getItem: () => bad }, 'p')).toEqual([])
  })

  test.each([genuine, refused('already_verified', 409), refused('wrong_consignee', 403), refused('superseded', 409)])(
    'is not measured again after %j',
    (end) => {
      expect(repeatable(end)).toBe(false)
      expect(next(measured(end), { type: 'again', key: 'k2' })).toEqual(measured(end))
    },
  )

  test('only what speaks against the thing says so', () => {
    for (const code of [
      'not_legitimate',
      'already_verified',
      'wrong_consignee',
      'wrong_place',
      'superseded',
      'bad_proof',
      'unknown_serial',
    ])
      expect(suspicious(refused(code)), code).toBe(true)
    for (const code of ['device_unreachable', 'instrument_late', 'busy', 'unknown_device', 'not_found', 'unreachable', 'anything'])
      expect(suspicious(refused(code)), code).toBe(false)
    expect(suspicious(genuine) || suspicious({ kind: 'cancelled', at })).toBe(false)
  })
})

describe('what is scanned', () => {
  test.each([
    [
      '(01)09521141200018(17)291121(10)T1(21)S1',
      { kind: 'thing', code: '(01)09521141200018(17)291121(10)T1(21)S1', serial: 'S1', lot: 'T1', gtin: '09521141200018' },
    ],
    [
      'https://elsewhere.example/01/09521141200018/21/S1',
      { kind: 'thing', code: '(01)09521141200018(21)S1', serial: 'S1', lot: '', gtin: '09521141200018' },
    ],
    ['(01)09521141200018(10)T1', { kind: 'thing', code: '(01)09521141200018(10)T1', serial: '', lot: 'T1', gtin: '09521141200018' }],
    ['(00)095211410000000014', { kind: 'case', code: '(00)095211410000000014' }],
    ['(01)09521141200018', { kind: 'unreadable' }],
    ['hello', { kind: 'unreadable' }],
    ['', { kind: 'unreadable' }],
    ['9'.repeat(3000), { kind: 'unreadable' }],
  ])('%s', (text, want) => expect(readThing(text, now)).toEqual(want))
})

describe('the bench', () => {
  const devices = ['https://scale.example', 'http://10.0.0.7:7000']
  const own = '9521141001035'
  const kept = (text: string | null) => ({ getItem: () => text })

  test('is remembered as far as it is still there', () => {
    const full = { device: 'http://10.0.0.7:7000', place: '9521141001059' }
    const restored = (b: object) => restoreBench(kept(JSON.stringify(b)), 'k', devices, own)
    expect(restored(full)).toEqual({ bench: full, sure: true })
    expect(restored({ ...full, device: 'http://evil.example' })).toEqual({ bench: { ...full, device: '' }, sure: false })
    expect(restored({ ...full, place: '9521141001058' })).toEqual({ bench: { ...full, place: own }, sure: false })
  })

  // Nobody is where he is without having said so once.
  test.each([null, '', 'nonsense', 'null', '7', '[]', '{"device":7}'])('begins at home, asking, when %j was kept', (text) => {
    expect(restoreBench(kept(text), 'k', devices, own)).toEqual({ bench: { device: '', place: own }, sure: false })
    expect(restoreBench(kept(text), 'k', devices.slice(0, 1), own)).toEqual({ bench: { device: devices[0], place: own }, sure: false })
  })
})
