import { beforeAll, expect, test, vi } from 'vitest'
import type { Measurement } from '../verifier'
import { sayMeasured } from './PackView'
import { de } from './text.de'
import { en } from './text.en'

beforeAll(() => {
  vi.stubGlobal('localStorage', { getItem: () => 'en' })
})

const names = { gtin: '', serial: '', lot: '', expiry: '', state: '', custodian: '' }
const facts = { ...names, materials: [], members: { '2': 'Pharmacy' }, exchanges: [], alerts: [] }
const at = new Date('2026-11-21T10:00:00Z')
const registered: Measurement = {
  counter: 1n,
  from: '1',
  to: '2',
  place: '2',
  registered: at,
  verified: undefined,
  whole: false,
  material: undefined,
  current: true,
}

// A case that was measured says less of the pack in it, and a registration that was replaced nothing of today.
test.each<[Partial<Measurement>, RegExp, RegExp]>([
  [{}, /^Registered for Pharmacy, not measured yet$/, /noch nicht gemessen/],
  [{ whole: true }, /^Its case is registered for Pharmacy, not measured yet$/, /Karton.*noch nicht gemessen/],
  [{ current: false }, /^Registered for Pharmacy, not measured, then registered anew$/, /neu registriert/],
  [{ verified: at }, /^Measured genuine at hand-over, once: by Pharmacy, /, /als echt gemessen, einmal: von Pharmacy/],
  [{ verified: at, current: false }, /^Measured genuine at hand-over, once/, /als echt gemessen, einmal/],
  [{ verified: at, whole: true }, /^The case with the pack was measured genuine at hand-over, once/, /^Der Karton mit der Packung/],
  [{ to: '__proto__' }, /^Registered for __proto__,/, /^Für __proto__/],
])('%j is said as it is', (change, english, german) => {
  const m = { ...registered, ...change }
  expect(sayMeasured(m, facts, en)).toMatch(english)
  expect(sayMeasured(m, facts, de)).toMatch(german)
})
