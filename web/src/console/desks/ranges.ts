// Packs of a batch by their places in it, as half open ranges. A set of packs has
// one spelling on the ledger: ranges rise and do not touch.

export interface Range {
  from: number
  to: number
}

/** Counts the packs of ranges. */
export const packs = (ranges: Range[]): number => ranges.reduce((n, r) => n + r.to - r.from, 0)

/** Returns the one spelling of ranges that may overlap, touch or stand in any order. */
export function spell(ranges: Range[]): Range[] {
  const out: Range[] = []
  for (const r of ranges.filter((r) => r.from < r.to).sort((a, b) => a.from - b.from)) {
    const last = out.at(-1)
    if (last && r.from <= last.to) last.to = Math.max(last.to, r.to)
    else out.push({ ...r })
  }
  return out
}

/** Takes n packs of what is there, those in `first` before others; undefined if there are fewer, or n is no number of packs. */
export function take(there: Range[], n: number, first: Range[][] = []): Range[] | undefined {
  if (!Number.isSafeInteger(n) || n < 1) return undefined
  const out: Range[] = []
  let missing = n
  for (const part of [...first, there]) {
    for (const r of without(both(there, part), out)) {
      if (missing === 0) break
      const to = Math.min(r.to, r.from + missing)
      out.push({ from: r.from, to })
      missing -= to - r.from
    }
  }
  return missing === 0 ? spell(out) : undefined
}

/** Says whether two sets of packs have one in common. */
export const meet = (a: Range[], b: Range[]): boolean => a.some((x) => b.some((y) => x.from < y.to && y.from < x.to))

/** Returns the packs that are in both. */
export const both = (a: Range[], b: Range[]): Range[] => without(a, without(a, b))

/** Says whether all packs of a are in b. */
export const within = (a: Range[], b: Range[]): boolean => packs(without(a, b)) === 0

/** Returns the packs of a that are not in b. */
export function without(a: Range[], b: Range[]): Range[] {
  const gone = spell(b)
  return spell(a).flatMap((r) => {
    const out: Range[] = []
    let at = r.from
    for (const g of gone) {
      if (g.to <= at || g.from >= r.to) continue
      if (g.from > at) out.push({ from: at, to: g.from })
      at = g.to
    }
    if (at < r.to) out.push({ from: at, to: r.to })
    return out
  })
}

/** Writes ranges for people, who count from one. */
export const places = (ranges: Range[]): string => ranges.map((r) => (r.to === r.from + 1 ? `${r.to}` : `${r.from + 1}–${r.to}`)).join(', ')
