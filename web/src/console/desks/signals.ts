// Reports of suspected fakes and adverse reactions, by product: several about one
// lot are a signal where each alone is a remark.
import { read } from '../../verify/reading'
import type { Message } from './shapes'

/** What of a message of type report/1 is needed here. */
export interface ReportContent {
  reporter: string
  claims: { kind: string; code: string; text: string }
}

/** A Signal is all reports about one product. */
export interface Signal {
  gtin: string
  lots: string[]
  fakes: Message<ReportContent>[]
  reactions: Message<ReportContent>[]
  /** How many people reported: one may report often. */
  reporters: number
}

/** Groups reports by the product whose code they name, the most reported first. A code that cannot be read is a product of its own. */
export function signals(reports: Message<ReportContent>[], now: Date): Signal[] {
  const found = new Map<string, Message<ReportContent>[]>()
  const lots = new Map<string, Set<string>>()
  for (const m of reports) {
    const reading = read(m.content.claims.code, now)
    const gtin = reading.kind === 'pack' ? reading.label.gtin : reading.kind === 'no_serial' ? reading.gtin : ''
    found.set(gtin, [...(found.get(gtin) ?? []), m])
    const lot = reading.kind === 'pack' ? reading.label.lot : undefined
    lots.set(gtin, (lots.get(gtin) ?? new Set()).add(lot ?? ''))
  }
  return [...found]
    .map(([gtin, all]) => ({
      gtin,
      lots: [...(lots.get(gtin) ?? [])].filter((l) => l !== '').sort(),
      fakes: all.filter((m) => m.content.claims.kind === 'suspected_fake'),
      reactions: all.filter((m) => m.content.claims.kind === 'adverse_reaction'),
      reporters: new Set(all.map((m) => m.content.reporter)).size,
    }))
    .sort((a, b) => b.fakes.length + b.reactions.length - a.fakes.length - a.reactions.length)
}
