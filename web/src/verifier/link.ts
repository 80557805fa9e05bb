// What a history is made of, and why it may not be believed.

import type { Field } from './bundle'
import type { Digest } from './bytes'
import { type Certificate, parseCertificate } from './certificate'
import type { Batch, CertificateRecord, Member, Validity } from './chain'
import type { Message } from './envelope'
import { find, readContent, type Step } from './exchanges'
import type { Key } from './key'
import type { Refusal } from './refusal'

/** paper is whom the paper names when a step fails, and for what. */
export const paper: Record<Step, [role: string, text: string]> = {
  distribution: ['distributor', 'the expiry date is tampered by the'],
  approval: ['manufacturer', 'the certificate is forged, the drug is not approved, by the'],
  material: ['supplier', 'the material content is tampered by the'],
}

/** A Holder is whose key it is, and when it counts. */
export interface Holder extends Validity {
  key: Key
  member: string
}

/** A Failure is why a history is not believed. */
export class Failure extends Error {
  blame: string
  proven = false

  constructor(
    readonly step: Step,
    readonly code: string,
    readonly what: string,
  ) {
    super(what)
    this.blame = paper[step][0]
  }

  get text(): string {
    return `${paper[this.step][1]} ${this.blame}: ${this.what}`
  }
}

/** A Link is one exchange with its anchor. */
export interface Link {
  type: string // what the evidence calls it
  body: Field[]
  anchored: bigint // time of the block, milliseconds
  message: Message | Refusal // why it cannot be read
  certificate?: Certificate | undefined // that a decision carries, if it can be read
}

/** certificateIn reads what a decision carries, before anything is verified. */
export function certificateIn(type: string, body: Field[], chainID: string): Certificate | undefined {
  const kind = find(type)
  if (kind?.number !== 4) return undefined
  try {
    return parseCertificate(chainID, readContent(kind, body).certificate)
  } catch {
    return undefined // the history says what is wrong with it
  }
}

/** Facts are what the ledger says, proven by the caller. */
export interface Facts {
  now: bigint // of the block, milliseconds
  logged: boolean // the log holds every link, at the time that it says
  holders: Map<Digest, Holder>
  members: Map<string, Member>
  certificate: CertificateRecord | undefined // undefined: proven absent
  batchID: Digest
  batch: Batch
  index: bigint // of the pack in the batch
  custodian: string
}
