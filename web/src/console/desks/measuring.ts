// A walk through measuring one thing: scanned, laid on a device, measured. Pure, so
// that all of it can be tested.
import { elementString, parseIdentifier } from '../../gs1/gs1'
import { passing } from '../../ui/load'
import { gln } from './fields'
import type { Done } from './shapes'

/** A Bench is where things are measured here. */
export interface Bench {
  /** Address of the measuring device. */
  device: string
  /** GLN. */
  place: string
}

/** A Restored bench is the one that a person named here before, or one to begin with, of which nobody is sure. */
export interface Restored {
  bench: Bench
  sure: boolean
}

/** Reads the bench that was kept; what is not there any more is left out. */
export function restoreBench(store: Pick<Storage, 'getItem'>, key: string, devices: string[], own: string): Restored {
  let kept: Partial<Bench> = {}
  try {
    kept = (JSON.parse(store.getItem(key) ?? '{}') ?? {}) as Partial<Bench>
  } catch {
    // Somebody else's, or none.
  }
  const only = devices.length === 1 ? (devices[0] ?? '') : ''
  const device = typeof kept.device === 'string' && devices.includes(kept.device) ? kept.device : undefined
  const place = typeof kept.place === 'string' && gln(kept.place) === kept.place ? kept.place : undefined
  return { bench: { device: device ?? only, place: place ?? own }, sure: device !== undefined && place !== undefined }
}

/** What is scanned on a thing. */
export type Read =
  | { kind: 'thing'; code: string; serial: string; lot: string; gtin: string }
  | { kind: 'case'; code: string }
  | { kind: 'unreadable' }

/** Reads a scanned code: of a pack, a lot or a case. */
export function readThing(text: string, now: Date): Read {
  try {
    const id = parseIdentifier(text, now)
    if (id.sscc && !id.gtin) return { kind: 'case', code: `(00)${id.sscc}` }
    if (!id.gtin || (!id.serial && !id.lot)) return { kind: 'unreadable' }
    return { kind: 'thing', code: elementString(id), serial: id.serial, lot: id.lot, gtin: id.gtin }
  } catch {
    return { kind: 'unreadable' }
  }
}

/** How a measurement ended. Only genuine is on the ledger. */
export type End =
  | { kind: 'genuine'; done: Done; at: string }
  | { kind: 'refused'; code: string; status: number; words: string; at: string }
  | { kind: 'cancelled'; at: string }

export type Step = 'scan' | 'bench' | 'ready' | 'measuring' | 'result'

/** A Walk is one thing on its way through the steps. */
export interface Walk {
  step: Step
  code: string
  /** Under which it is measured once. */
  key: string
  /** Where it was sent to be measured: until its answer is known it is asked for again just so. */
  at?: Bench
  end?: End
}

export type Act =
  | { type: 'scanned'; code: string; key: string; sure: boolean; at?: Bench }
  | { type: 'change' }
  | { type: 'placed' }
  | { type: 'measure'; bench: Bench }
  | { type: 'ended'; key: string; end: End }
  | { type: 'again'; key: string }
  | { type: 'next' }

export const start: Walk = { step: 'scan', code: '', key: '' }

/** Returns the walk after an act; one that does not belong to its step changes nothing. */
export function next(w: Walk, act: Act): Walk {
  switch (act.type) {
    case 'scanned':
      if (w.step === 'measuring') return w
      return { step: act.sure || act.at ? 'ready' : 'bench', code: act.code, key: act.key, ...(act.at ? { at: act.at } : {}) }
    case 'change':
      return w.step === 'ready' && !w.at ? { ...w, step: 'bench' } : w
    case 'placed':
      return w.step === 'bench' ? { ...w, step: 'ready' } : w
    case 'measure':
      return w.step === 'ready' ? { ...w, step: 'measuring', at: w.at ?? act.bench } : w
    case 'ended':
      // Of a thing that was left nobody waits for news.
      return w.step === 'measuring' && w.key === act.key ? { ...w, step: 'result', end: act.end } : w
    case 'again': {
      if (w.step !== 'result' || !w.end || !repeatable(w.end)) return w
      const { end, at, ...rest } = w
      return unsure(end) ? { ...rest, step: 'ready', ...(at ? { at } : {}) } : { ...rest, step: 'ready', key: act.key }
    }
    case 'next':
      return w.step === 'measuring' ? w : start
  }
}

/** Whoever says this has not asked the ledger: nothing was done. */
const before = /^(device|instrument|maker|registrar)_/

/** Says whether it may count as measured although no answer says so. Asked for under another key it would raise an alert about ourselves. */
export const unsure = (end: End): boolean => end.kind === 'cancelled' || (end.kind === 'refused' && passing(end) && !before.test(end.code))

/** An Open measurement is one whose answer is not known. */
export interface Open {
  registration: string
  code: string
  key: string
  at: Bench
}

const maxOpen = 50

/** Keeps open measurements over a reload of the page. */
export function keepOpen(store: Pick<Storage, 'setItem'>, place: string, open: Open[]): void {
  try {
    store.setItem(place, JSON.stringify(open.slice(0, maxOpen)))
  } catch {
    // They are known as long as the page is then.
  }
}

/** Returns the open measurements that were kept. */
export function restoreOpen(store: Pick<Storage, 'getItem'>, place: string): Open[] {
  try {
    const found: unknown = JSON.parse(store.getItem(place) ?? '[]')
    return Array.isArray(found) ? (found as Open[]) : []
  } catch {
    return []
  }
}

/** What the ledger raises an alert for, once proven. */
const alarming = new Set(['already_verified', 'wrong_consignee', 'wrong_place', 'superseded'])

/** What speaks against the thing itself. */
const against = new Set(['not_legitimate', 'bad_proof', 'unknown_serial', 'label_mismatch', 'expiry_mismatch'])

/** Says whether the thing must be set aside, and a suspected fake may be reported. Anything else is a trouble of the measuring. */
export const suspicious = (end: End): boolean => end.kind === 'refused' && (alarming.has(end.code) || against.has(end.code))

/** Says whether it makes sense to measure once more: it does not after what the ledger says whatever is measured. */
export const repeatable = (end: End): boolean =>
  end.kind === 'cancelled' || (end.kind === 'refused' && (end.code === 'wrong_place' || !alarming.has(end.code)))
