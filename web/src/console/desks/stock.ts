// What of the stock may go where, as ranges.
import { anchor } from './archive'
import { meet, packs, type Range, spell, take, without } from './ranges'
import type { Dispatch, Distribution, Holding, Message, State } from './shapes'

/** Returns the packs of a holding that are in one of the states. */
export const inState = (h: Holding, ...states: State[]): Range[] =>
  spell((h.ranges ?? []).filter((r) => states.includes(r.state)).map(({ from, to }) => ({ from, to })))

/** An Offer is what may be sent of a batch. */
export interface Offer {
  batch: string
  label: string
  ranges: Range[]
}

/** Returns what may be sent. What is stopped, expired or out of supply goes nowhere but back. */
export function offers(stock: Holding[], back: boolean): Offer[] {
  return stock
    .filter((h) => back || (h.status === 'released' && !h.expired))
    .map((h) => ({
      batch: h.batch,
      label: [h.product, h.lot, h.expiry].filter(Boolean).join(' · '),
      ranges: back ? inState(h, 'active', 'returned', 'locked') : inState(h, 'active'),
    }))
    .filter((o) => o.ranges.length > 0)
}

/** A Line is a row of a form: so many packs of a batch. */
export interface Line {
  batch: string
  count: string
}

/** A Picked parcel is what a line takes of what the lines before it left. */
export interface Picked {
  batch: string
  ranges: Range[]
}

/** Says which of the packs of an offer to take first when so many go. */
export type Prefer = (batch: string, there: Range[], n: number) => Range[][]

/** Takes the packs of each line; undefined for a line that cannot be. One parcel a batch: a batch that stands twice cannot be. */
export function pick(lines: Line[], there: Offer[], prefer: Prefer = () => []): (Picked | undefined)[] {
  return lines.map((line, i) => {
    const offer = there.find((o) => o.batch === line.batch)
    const twice = lines.findIndex((l) => l.batch === line.batch) < i
    const n = /^\d{1,15}$/.test(line.count.trim()) ? Number(line.count) : Number.NaN
    const ranges = offer && !twice ? take(offer.ranges, n, prefer(offer.batch, offer.ranges, n)) : undefined
    return ranges && { batch: line.batch, ranges }
  })
}

type Shipment = Message<Distribution | Dispatch>

/**
 * Returns the anchors of the shipments that brought packs: a dispatch follows
 * them. Of several that brought the same packs the last one counts, since packs
 * may have gone back and come again. Undefined if some came by none.
 */
export function origins(parcels: Picked[], shipments: Shipment[]): string[] | undefined {
  const found = new Set<string>()
  for (const p of parcels) {
    let open = p.ranges
    for (const m of shipments) {
      const brought = (m.content.parcels ?? []).filter((q) => q.batch === p.batch).flatMap((q) => q.ranges)
      if (!anchor(m) || !meet(open, brought)) continue
      found.add(anchor(m))
      open = without(open, brought)
    }
    if (packs(open) > 0) return undefined
  }
  return [...found]
}
