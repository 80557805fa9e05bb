// What a verifier says, for the page that shows it.

import type { Certificate } from './certificate'
import type { Outcome, Value } from './refusal'

/**
 * A Check is one thing that was verified, and how it went. What it says is for the page
 * to put in words: of a check that holds by its name, of one that fails by the code of
 * the refusal.
 */
export interface Check {
  step: string
  check: string
  values: Value[]
  ok: boolean
}

/** A Pass notes a check that holds. */
export type Pass = (step: string, check: string, ...values: Value[]) => void

/** Facts are what the evidence proves of the pack, as far as it was verified. */
export interface Facts {
  gtin: string
  serial: string
  lot: string
  expiry: string
  state: string
  custodian: string // GLN
  certificate?: Certificate
  materials: string[] // Digital Links of the lots
  members: Record<string, string> // name by GLN; without a prototype
  exchanges: { type: string; from: string; to: string; at: Date; bc: string }[]
  /** What the ledger raised about the pack, the newest first. Each is proven; that there are no more is not. */
  alerts: { code: string; by: string; at: Date }[]
}

export interface Verdict {
  verdict: Outcome
  step: string // where it failed; empty if genuine
  blame: string // the role that the step names, or that is proven
  proven: boolean // Blame's own valid signature contradicts the ledger or itself
  code: string
  reason: string // code, and what it is about
  blockTime?: Date
  chain: string
  checks: Check[]
  facts: Facts
}

/** A Label is what was read off a pack; gtin and serial name it, an expiry date may have day 00. */
export interface Label {
  gtin?: string
  serial?: string
  lot?: string
  expiry?: string
}
