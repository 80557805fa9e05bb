import { describe, expect, test } from 'vitest'
import { meet, packs, places, type Range, spell, take, without } from './ranges'

/** A small generator with a fixed seed, so that a failure can be seen again. */
function* numbers(seed: number): Generator<number> {
  let s = seed
  for (;;) {
    s = (s * 1103515245 + 12345) & 0x7fffffff
    yield s >> 8
  }
}

function someRanges(next: () => number): Range[] {
  return Array.from({ length: next() % 6 }, () => {
    const from = next() % 40
    return { from, to: from + (next() % 9) }
  })
}

const members = (ranges: Range[]) =>
  new Set(ranges.flatMap((r) => Array.from({ length: Math.max(0, r.to - r.from) }, (_, i) => r.from + i)))
const sorted = (s: Set<number>) => [...s].sort((a, b) => a - b)

describe('ranges of packs', () => {
  const source = numbers(7)
  const next = () => source.next().value as number
  const trials = Array.from({ length: 300 }, () => [someRanges(next), someRanges(next), next() % 50] as const)

  test('a set of packs has one spelling', () => {
    for (const [a] of trials) {
      const s = spell(a)
      expect(sorted(members(s))).toEqual(sorted(members(a)))
      for (let i = 1; i < s.length; i++) expect(s[i]?.from).toBeGreaterThan(s[i - 1]?.to ?? Number.NaN)
    }
  })

  test('what is taken is there, is as many as asked, and is spelled', () => {
    for (const [a, , n] of trials) {
      const got = take(a, n)
      const there = members(a)
      if (n < 1 || n > there.size) expect(got).toBeUndefined()
      else {
        expect(sorted(members(got ?? []))).toEqual(sorted(there).slice(0, n))
        expect(packs(got ?? [])).toBe(n)
        expect(spell(got ?? [])).toEqual(got)
      }
    }
  })

  test('no number of packs is refused', () => {
    for (const n of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) expect(take([{ from: 0, to: 9 }], n)).toBeUndefined()
  })

  test('difference and meeting are those of sets', () => {
    for (const [a, b] of trials) {
      const [x, y] = [members(a), members(b)]
      expect(sorted(members(without(a, b)))).toEqual(sorted(x).filter((i) => !y.has(i)))
      expect(meet(spell(a), spell(b))).toBe(sorted(x).some((i) => y.has(i)))
    }
  })

  test('people count from one', () => {
    expect(
      places([
        { from: 0, to: 500 },
        { from: 700, to: 701 },
      ]),
    ).toBe('1–500, 701')
  })

  test('what a caller gave stays as it was', () => {
    const given = [
      { from: 5, to: 9 },
      { from: 0, to: 6 },
    ]
    spell(given)
    take(given, 3)
    expect(given).toEqual([
      { from: 5, to: 9 },
      { from: 0, to: 6 },
    ])
  })
})
