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
export type Pass = (step: string, check: string, ...values: Value[]) => unknown

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
  /** What was registered to be measured, material first, then by counter. That of the pack now is among them; earlier ones can be left out. */
  measured?: Measurement[]
  /** Whether the pack has a concealed code, and how it was used. */
  codes?: boolean
  redeemed?: Redemption
}

/**
 * A Measurement is a registration of the pack, of the case that it lies in, or of a lot of
 * its material, and whether the thing was measured where it was to be (paper 001).
 */
export interface Measurement {
  counter: bigint // of the thing's registrations
  from: string // GLN of who registered
  to: string // GLN of the consignee, who alone could measure
  place: string // GLN
  registered: Date
  verified: Date | undefined // not yet
  whole: boolean // one mark for several packs
  material: string | undefined // Digital Link of the lot
  current: boolean // not replaced by a later one
}

/** A Redemption says that the concealed code was used. */
export interface Redemption {
  at: Date
  by: string // GLN of who relayed it
  browser: string // SHA-256 of the P-256 point of the key that it was redeemed for
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
