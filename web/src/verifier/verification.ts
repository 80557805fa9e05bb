// What is verified, and what came of it so far.

import type { Bundle, Header, Time } from './bundle'
import { type Bytes, type Digest, zeroDigest } from './bytes'
import * as cbor from './cbor'
import type * as chain from './chain'
import type { LGTIN } from './gs1'
import type { Holder } from './link'
import type { Leaf } from './merkle'
import { as, Refusal, type Value } from './refusal'
import type { Trust } from './trust'
import type { Label, Pass, Verdict } from './verdict'

/** A Verification is one of a bundle. */
export class Verification {
  readonly verdict: Verdict
  readonly state = new Map<string, Bytes | undefined>() // undefined: proven absent
  readonly holders = new Map<Digest, Holder>()
  readonly members = new Map<string, chain.Member>()
  readonly leaves: Leaf[] = []
  header!: Header & { time: Time }
  batchID: Digest = zeroDigest
  batch!: chain.Batch
  logged = true
  alerts: chain.Alert[] = []
  page: chain.Page | undefined
  unit = 0
  lots: LGTIN[] = []
  things = false // whether there is a record of paper 001

  readonly pass: Pass = (step, check, ...values) => this.verdict.checks.push({ step, check, values, ok: true })

  constructor(
    readonly bundle: Bundle,
    readonly trust: Trust,
    readonly now: Date,
    readonly label: Label | undefined,
  ) {
    const names = { gtin: '', serial: '', lot: '', expiry: '', state: '', custodian: '' }
    const facts = { ...names, materials: [], members: Object.create(null), exchanges: [], alerts: [] }
    this.verdict = {
      verdict: 'refused',
      step: '',
      blame: '',
      proven: false,
      code: '',
      reason: '',
      chain: trust.chain_id,
      checks: [],
      facts,
    }
  }
}

/** check refuses in a step unless ok. */
export function check(ok: unknown, step: string, code: string, ...values: Value[]): asserts ok {
  if (!ok) throw Object.assign(new Refusal(code, ...values), { step })
}

/** onLedger holds the evidence against what the ledger has. */
export function onLedger(ok: unknown, ...values: Value[]): asserts ok {
  check(ok, 'ledger', 'not_on_ledger', ...values)
}

/** record returns one that the bundle must bring; undefined if the ledger has none. */
export function record<T>(v: Verification, name: string, form: cbor.Read<T>): T | undefined {
  onLedger(v.state.has(name), name)
  const raw = v.state.get(name)
  return raw && as('not_on_ledger', () => cbor.whole(raw, form), 'ledger')
}
