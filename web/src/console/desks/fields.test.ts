import { describe, expect, test } from 'vitest'
import { caseOf, day, gln, gtin, iso, items, lot, text, whole, years } from './fields'

describe('checks of forms', () => {
  test.each([
    ['09521141200018', '09521141200018'],
    ['9521141200018', '09521141200018'],
    ['952-1141 200018', '09521141200018'],
    ['09521141200017', undefined],
    ['0952114120001', undefined],
    ['0952114120001x', undefined],
    ['', undefined],
  ])('product code %s is %s', (given, want) => expect(gtin(given)).toBe(want))

  test.each([
    ['9521141001035', '9521141001035'],
    ['952 1141 00103-5', '9521141001035'],
    ['9521141001036', undefined],
    ['09521141001035', undefined],
    ['952114100103', undefined],
    ['', undefined],
  ])('place %s is %s', (given, want) => expect(gln(given)).toBe(want))

  test('a product code with any one digit changed is refused', () => {
    const good = '09521141200018'
    for (let i = 0; i < 14; i++)
      for (let d = 0; d < 10; d++) {
        const other = good.slice(0, i) + d + good.slice(i + 1)
        expect(gtin(other)).toBe(other === good ? good : undefined)
      }
  })

  test.each([
    ['T1', undefined],
    ['A-1/2.3_x%', undefined],
    ['', 'missing'],
    ['a b', 'lot'],
    ['x'.repeat(21), 'lot'],
    ['ä', 'lot'],
    ['#', 'lot'],
    ['\u001d', 'lot'],
  ])('lot %j: %s', (given, want) => expect(lot(given)).toBe(want))

  test.each([
    ['acetylsalicylic acid', undefined],
    [' ', 'missing'],
    ['a\nb', 'unprintable'],
    ['a\u202eb', 'unprintable'],
    ['ä'.repeat(101), 'long'],
  ])('text %j: %s', (given, want) => expect(text(given)).toBe(want))

  test.each([
    ['2029-03-31', undefined],
    ['2029-02-30', 'day'],
    ['31.3.2029', 'day'],
    ['', 'missing'],
    ['2026-11-21', 'past'],
  ])('day %s: %s', (given, want) => expect(day(given, new Date('2026-11-21T12:00:00Z'))).toBe(want))

  test('whole numbers', () => {
    expect([whole('500'), whole(' 7 '), whole('0'), whole('0', 0), whole('1.5'), whole('-1'), whole('1e3'), whole('')]).toEqual([
      500,
      7,
      undefined,
      0,
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  test('items stand in lines or between commas', () => expect(items('DE, AT\n FR ;;')).toEqual(['DE', 'AT', 'FR']))

  test.each([
    ['Theriacin 500 mg', 'theriacin-500-mg-0f8fad5bd9cb'],
    ['Müller & Söhne', 'mu-ller-so-hne-0f8fad5bd9cb'],
    ['薬', 'case-0f8fad5bd9cb'],
    ['x'.repeat(300), `${'x'.repeat(40)}-0f8fad5bd9cb`],
  ])('the case of %s is %s', (subject, want) => expect(caseOf(subject, '0f8fad5b-d9cb-469f-a165-70867728950e')).toBe(want))

  test('years go on by the calendar', () => expect(iso(years(new Date('2026-11-21T00:00:00Z'), 5))).toBe('2031-11-21'))
})
