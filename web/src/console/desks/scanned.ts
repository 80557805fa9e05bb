// Packs that were scanned to be moved together: each verified, all of one lot.
import { checkPack } from '../../verify/check'
import { read } from '../../verify/reading'
import { judge, type Result, unread } from '../../verify/verdict'
import { placeOf } from './counter'
import type { Range } from './ranges'
import { spell } from './ranges'
import { world } from './useCounter'

/** A Pack is one that its evidence proves to be of its batch, whatever its state. */
export interface Pack {
  code: string
  gtin: string
  serial: string
  lot: string
  state: string
  index: number
}

export type Found = { pack: Pack } | { result: Result }

/** The reasons for which a pack is no genuine one on sale, and yet is what its label says. */
const moved = new Set(['pack_dispensed', 'not_active', 'past_expiry', 'recalled'])

/** Verifies a scanned pack. One that is dispensed, expired or stopped is a pack too, and may have to be moved. */
export async function find(text: string): Promise<Found> {
  const reading = read(text, world.now())
  if (reading.kind !== 'pack') return { result: judge(unread(reading)) }
  const result = judge((await checkPack(reading, world)).finding)
  const facts = result.evidence?.verdict.facts
  if (!result.evidence || !facts || (result.display !== 'genuine' && !moved.has(result.why))) return { result }
  const { gtin, serial, lot, state } = facts
  return { pack: { code: reading.code, gtin, serial, lot, state, index: placeOf(result.evidence.raw) } }
}

/** Returns the places of packs, as the ledger names them to take a move back. */
export const placesOf = (packs: Pack[]): Range[] => spell(packs.map((p) => ({ from: p.index, to: p.index + 1 })))
