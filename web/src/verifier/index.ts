// The verifier of a medicine in the browser: evidence in, verdict out, the same verdict
// as Go's package theriac. It asks nobody and reads no clock.

import type { Bundle } from './bundle'
import type { Trust } from './trust'
import type { Label, Verdict } from './verdict'
import { Verification } from './verify'

export { type Bundle, parseBundle } from './bundle'
export { canVerify } from './capability'
export type { Certificate } from './certificate'
export { Refusal } from './refusal'
export { fingerprint, parseTrust, type Trust } from './trust'
export type { Check, Facts, Label, Outcome, Verdict } from './verdict'

/**
 * verify returns the verdict on the bundle at the time now, believing trust. Who asked a
 * server for the evidence of a pack passes what was read off it: the server may answer
 * with the evidence of any.
 */
export function verify(bundle: Bundle, trust: Trust, now: Date, label?: Label): Promise<Verdict> {
  return new Verification(bundle, trust, now, label).run()
}
