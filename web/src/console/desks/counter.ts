// Dispensing at the counter. A pack is first verified here, from its evidence,
// and only then dispensed on the ledger; what the ledger refuses is an alert. The
// screen brings the outside world, so that all of this can be tested.
import { Problem } from '../../api/api'
import { read } from '../../verify/reading'
import { type Finding, judge, type Result, unread } from '../../verify/verdict'
import type { Done } from './shapes'

/** An Outside is what the counter asks for. */
export interface Outside {
  now: () => Date
  /** Gets and verifies the evidence of a pack. */
  check: (reading: Extract<ReturnType<typeof read>, { kind: 'pack' }>) => Promise<Finding>
  /** Dispenses a pack on the ledger, once for each key. */
  dispense: (code: string, key: string) => Promise<Done>
}

/** How a scan ended. Only done is on the ledger. */
export type End =
  | { kind: 'done'; done: Done; index: number }
  | { kind: 'alert'; words: string; code: string }
  | { kind: 'here'; at: string }
  | { kind: 'refused'; result: Result }
  | { kind: 'problem'; problem: { code: string; status: number; words: string } }
  | { kind: 'undone'; done: Done }

/** A Scan is one pack at the counter. */
export interface Scan {
  /** Also the key under which the pack is dispensed once. */
  key: string
  text: string
  at: string
  /** CapsLock was on. */
  caps?: boolean
  gtin?: string
  serial?: string
  lot?: string
  name?: string
  /** Somebody has seen its alert. */
  seen?: boolean
  end?: End
}

/** Returns the scan of the same pack that was dispensed here before and not taken back. */
export const earlier = (scans: Scan[], scan: Scan): Scan | undefined =>
  scans.find((s) => s.key !== scan.key && s.gtin === scan.gtin && s.serial === scan.serial && s.end?.kind === 'done')

/** Reads the place of a pack in its batch out of evidence that was verified. */
export function placeOf(raw: Uint8Array): number {
  const bundle = JSON.parse(new TextDecoder().decode(raw)) as { pack: { index: number } }
  return bundle.pack.index
}

/** The number of the alert, which the ledger's words end with; empty if they name none. */
export const alertOf = (words: string): string => /alert (\S+)$/.exec(words)?.[1] ?? ''

const codeOfCopy = 'already_dispensed'

/** Takes a scan to its end. `before` are the scans of this session. */
export async function serve(scan: Scan, before: Scan[], outside: Outside): Promise<Scan> {
  const reading = read(scan.text, outside.now())
  if (reading.kind !== 'pack') return { ...scan, end: { kind: 'refused', result: judge(unread(reading)) } }
  const named: Scan = { ...scan, gtin: reading.label.gtin, serial: reading.label.serial }
  if (reading.label.lot) named.lot = reading.label.lot
  // A scanner that reads twice is no copy, and must raise no alert.
  const same = earlier(before, named)
  if (same) return { ...named, end: { kind: 'here', at: same.at } }
  const result = judge(await outside.check(reading))
  const facts = result.evidence?.verdict.facts
  if (facts?.lot) named.lot = facts.lot
  if (facts?.certificate) named.name = `${facts.certificate.name} ${facts.certificate.strength}`
  // The ledger is asked again for a pack that was dispensed: it then keeps an alert, which others see.
  if (result.evidence && (result.display === 'genuine' || result.display === 'dispensed')) {
    return { ...named, end: await hand(reading.code, scan.key, result, outside) }
  }
  return { ...named, end: { kind: 'refused', result } }
}

async function hand(code: string, key: string, result: Result, outside: Outside): Promise<End> {
  const raw = result.evidence?.raw ?? new Uint8Array()
  try {
    return { kind: 'done', done: await outside.dispense(code, key), index: placeOf(raw) }
  } catch (e) {
    if (!(e instanceof Problem)) throw e
    if (e.code === codeOfCopy) return { kind: 'alert', words: e.message, code: e.code }
    return { kind: 'problem', problem: { code: e.code, status: e.status, words: e.message } }
  }
}

const kept = 500

/** Keeps the scans of a session over a reload, so that they can be taken back. Evidence is not kept: it grows old. */
export function keep(store: Pick<Storage, 'setItem'>, place: string, scans: Scan[]): void {
  const slim = scans.slice(0, kept).map((s) => {
    if (s.end?.kind !== 'refused') return s
    const { evidence: _, ...result } = s.end.result
    return { ...s, end: { ...s.end, result } }
  })
  try {
    store.setItem(place, JSON.stringify(slim))
  } catch {
    // The list lasts as long as the page then.
  }
}

/** Returns the scans that were kept. One that was under way when the page was left is open: nobody knows its end. */
export function restore(store: Pick<Storage, 'getItem'>, place: string): Scan[] {
  try {
    const found: unknown = JSON.parse(store.getItem(place) ?? '[]')
    return Array.isArray(found) ? (found as Scan[]) : []
  } catch {
    return []
  }
}
