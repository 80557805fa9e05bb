// Registrations of things that are measured (paper 001): what they are of, which of
// them a shipment can take along, and how they follow each other from hop to hop.
import { every } from './archive'
import { both, packs, type Range, spell, within, without } from './ranges'
import type { Batch, Dispatch, Distribution, Holding, LGTIN, MaterialSupply, Message, Registration } from './shapes'
import type { Picked } from './stock'

/** Returns the registrations for this organisation, made by it, or of its product lines; the newest first. */
export const registrations = (direction: 'in' | 'out' | 'line'): Promise<Registration[]> =>
  every<Registration>('/v1/registrations', { direction })

/** What is known here of a batch. */
export interface Known {
  gtin: string
  lot: string
  product?: string
}

export interface Sources {
  stock?: Holding[]
  batches?: Batch[]
  shipments?: Message<Distribution | Dispatch>[]
}

/** Gathers what lists say of batches, by their ids. A registration names nothing but the batch's. */
export function knownOf({ stock = [], batches = [], shipments = [] }: Sources): Map<string, Known> {
  const found = new Map<string, Known>()
  for (const m of shipments) for (const p of m.content.parcels ?? []) found.set(p.batch, { gtin: p.gtin, lot: p.lot })
  for (const b of batches) found.set(b.id, { gtin: b.gtin, lot: b.lot })
  for (const h of stock) found.set(h.batch, { gtin: h.gtin, lot: h.lot, ...(h.product ? { product: h.product } : {}) })
  return found
}

/** A Thing is what a registration is of. */
export interface Thing extends Known {
  kind: 'packs' | 'case' | 'material'
}

/** Returns what a registration is of; undefined for a batch that is not known here. */
export function thingOf(r: Registration, known: Map<string, Known>): Thing | undefined {
  const { material, batch, whole } = r.terms
  if (material) return { kind: 'material', gtin: material.gtin, lot: material.lot }
  const k = known.get(batch ?? '')
  return k && { kind: whole ? 'case' : 'packs', ...k }
}

export const rangesOf = (r: Registration): Range[] => (r.terms.ranges ?? []) as Range[]

/** Returns the place of a mark's pack in its batch; undefined where one mark is of all. */
export function placeOfMark(r: Registration, index: number): number | undefined {
  if (r.terms.whole || r.terms.material) return undefined
  let rest = index
  for (const { from, to } of rangesOf(r)) {
    if (rest < to - from) return from + rest
    rest -= to - from
  }
  return undefined
}

/** Says whether all things of a registration were measured; one that was not counted to its end may be. */
export const complete = (r: Registration): boolean => r.verified >= r.size

/** Returns the packs of registrations that no later one of the list has, by id. */
function current(all: Registration[]): Map<string, Range[]> {
  const out = new Map<string, Range[]>()
  const taken = new Map<string, Range[]>()
  for (const r of [...all].sort((a, b) => b.at - a.at || b.terms.counter - a.terms.counter)) {
    const batch = r.terms.batch ?? ''
    const later = taken.get(batch) ?? []
    out.set(r.id, without(rangesOf(r), later))
    taken.set(batch, spell([...later, ...rangesOf(r)]))
  }
  return out
}

type Carrier = Message<Distribution | Dispatch | MaterialSupply>

/** Returns the registrations of packs that count and that no shipment has taken along. */
export function unsent(out: Registration[], sent: Carrier[]): Registration[] {
  const gone = new Set(sent.filter((m) => m.status !== 'refused').flatMap((m) => m.content.registrations ?? []))
  const now = current(out)
  const newest = new Set<string>()
  return [...out]
    .sort((a, b) => b.at - a.at || b.terms.counter - a.terms.counter)
    .filter((r) => {
      const { material } = r.terms
      if (!material) return packs(now.get(r.id) ?? []) > 0 && !gone.has(r.id)
      const lot = `${material.gtin}/${material.lot}`
      const latest = !newest.has(lot)
      newest.add(lot)
      return latest && !gone.has(r.id)
    })
}

/** Says whether a shipment to somebody has all that a registration is of: only then the ledger takes it along. */
export function fits(r: Registration, to: string, parcels: Picked[], lots: LGTIN[] = []): boolean {
  const { material, batch } = r.terms
  if (r.terms.to !== to) return false
  if (material) return lots.some((l) => l.gtin === material.gtin && l.lot === material.lot)
  return parcels.some((p) => p.batch === batch && within(rangesOf(r), p.ranges))
}

/**
 * Returns which packs to take first when so many go to somebody: those of registrations for him that go whole, then
 * those that nobody registered, so that no registration is torn or goes elsewhere without need.
 */
export function preferred(open: Registration[], to: string, batch: string, there: Range[], n: number): Range[][] {
  const of = open.filter((r) => r.terms.batch === batch)
  const taken: Range[] = []
  let left = n
  for (const r of of.filter((r) => r.terms.to === to && within(rangesOf(r), there)).sort((a, b) => a.at - b.at)) {
    const news = packs(without(rangesOf(r), taken))
    if (news > left) continue
    taken.push(...both(rangesOf(r), there))
    left -= news
  }
  return [spell(taken), without(there, of.flatMap(rangesOf))]
}

/** How many registrations one message takes along. */
export const maxCarried = 64

/** Returns the registrations before and after one, the oldest first: each hop of its things. */
export function hops(all: Registration[], one: Registration): Registration[] {
  const found = new Map([[one.id, one]])
  const add = (r: Registration | undefined, then: (r: Registration) => void) => {
    if (!r || found.has(r.id)) return
    found.set(r.id, r)
    then(r)
  }
  const back = (r: Registration) => {
    for (const id of r.before ?? [])
      add(
        all.find((x) => x.id === id),
        back,
      )
  }
  const on = (r: Registration) => {
    for (const x of all) if (x.before?.includes(r.id)) add(x, on)
  }
  back(one)
  on(one)
  return [...found.values()].sort((a, b) => a.terms.counter - b.terms.counter || a.at - b.at)
}
