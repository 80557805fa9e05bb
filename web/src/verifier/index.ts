// The verifier of a medicine in the browser: evidence in, verdict out, the same verdict
// as Go's package theriac. It asks nobody and reads no clock.

export { type Bundle, parseBundle } from './bundle'
export { canVerify } from './capability'
export type { Certificate } from './certificate'
export { type Outcome, Refusal, type Value } from './refusal'
export { fingerprint, parseTrust, type Trust } from './trust'
export type { Check, Facts, Label, Measurement, Redemption, Verdict } from './verdict'
export { verify } from './verify'
