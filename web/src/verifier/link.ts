// What a history is made of.

import type { Field } from './bundle'
import type { Digest } from './bytes'
import { type Certificate, parseCertificate } from './certificate'
import { type Batch, type CertificateRecord, countsAt, type Member, type Validity } from './chain'
import type { Message } from './envelope'
import { find, readContent } from './exchanges'
import { highS, type Key, type Signature } from './key'
import { Refusal } from './refusal'

/** A Holder is whose key it is, and when it counts. */
export interface Holder extends Validity {
  key: Key
  member: string
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
  if (kind?.type !== 'dadm/1') return undefined
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

/** fault says why a signature does not count for a member at a time; undefined if it does. WebCrypto has looked at it before. */
export function fault(s: Signature, holder: Holder | undefined, who: string, at: bigint): Refusal | undefined {
  if (!holder) return new Refusal('unknown_key', who)
  if (holder.member !== who) return new Refusal('key_mismatch', holder.member, who)
  if (!countsAt(holder, at)) return new Refusal('key_invalid', who)
  if (highS(s.bytes)) return new Refusal('high_s', who)
  return s.good ? undefined : new Refusal('bad_signature', who)
}
