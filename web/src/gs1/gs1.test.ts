import { expect, test } from 'vitest'
import raw from '../../../testdata/gs1/identifiers.json?raw'
import { CodeError, elementString, type Identifier, parseIdentifier } from './gs1'

type Reading = { in: string; host?: string; out?: { [K in keyof Identifier]?: string } }
const sittings: { now: string; readings: Reading[] }[] = JSON.parse(raw)

function readOrRefuse(text: string, now: Date): Identifier | undefined {
  try {
    return parseIdentifier(text, now)
  } catch (e) {
    expect(e).toBeInstanceOf(CodeError)
    expect((e as CodeError).code).toBe(text.length > 2000 ? 'oversized' : 'bad_identifier')
    return undefined
  }
}

// Go writes a month without a day where the symbol says day 00.
const wanted = ({ out, host = '' }: Reading): Identifier | undefined =>
  out && {
    gtin: out.gtin ?? '',
    serial: out.serial ?? '',
    lot: out.lot ?? '',
    expiry: out.expiry?.length === 7 ? `${out.expiry}-00` : (out.expiry ?? ''),
    sscc: out.sscc ?? '',
    gln: out.gln ?? '',
    host,
  }

test('reads what Go reads, and refuses what Go refuses', () => {
  let accepted = 0
  let refused = 0
  for (const { now, readings } of sittings) {
    for (const reading of readings) {
      const got = readOrRefuse(reading.in, new Date(now))
      expect({ in: reading.in, now, out: got }).toEqual({ in: reading.in, now, out: wanted(reading) })
      if (got) accepted++
      else refused++
    }
  }
  expect(accepted).toBeGreaterThan(200)
  expect(refused).toBeGreaterThan(400)
})

test('what is written is read as the same', () => {
  const now = new Date('2026-06-01')
  const none = { serial: '', lot: '', expiry: '', sscc: '', gln: '', host: '' }
  for (const id of [
    { ...none, gtin: '09521234543213' },
    { ...none, gtin: '09521234543213', serial: 'A(1)((', lot: 'L/1', expiry: '2027-03-00' },
    { ...none, gtin: '09521234543213', serial: '(', expiry: '1999-12-31' },
  ]) {
    expect(parseIdentifier(elementString(id), now)).toEqual(id)
  }
  expect(elementString({ gtin: '09521234543213', serial: 'A(1)', lot: 'L', expiry: '2027-03-31' })).toBe(
    '(01)09521234543213(17)270331(10)L(21)A\\(1)',
  )
  expect(elementString({ ...none, gtin: '' })).toBe('')
})

test('refuses a megabyte at once', () => {
  expect(() => parseIdentifier(`${' '.repeat(1 << 20)}x`, new Date())).toThrow(CodeError)
})
