// A report as it is signed (docs/formats.md, Reports). Whoever writes one has a
// key of this device, which names nobody.
import { member, parse } from './server'

export type Kind = 'suspected_fake' | 'adverse_reaction'

/** What a regulator asks of an adverse reaction, in the words of ICH E2B(R3). */
export interface Reaction {
  age_group?: string
  onset?: string
  outcome?: string
  sex?: string
}

export interface Claims {
  chain: string
  code: string
  contact?: string
  iat: number
  jti: string
  kind: Kind
  page?: string
  reaction?: Reaction
  text: string
  verdict?: { code?: string; outcome: string }
}

export const ageGroups = ['foetus', 'neonate', 'infant', 'child', 'adolescent', 'adult', 'elderly'] as const
export const outcomes = ['recovered', 'recovering', 'not_recovered', 'recovered_with_sequelae', 'fatal', 'unknown'] as const
export const sexes = ['female', 'male', 'other'] as const

export const maxText = 4000
/** Of the contact, in bytes of UTF-8. */
export const maxContact = 200

/** The key that signs, not exportable. */
export interface Reporter {
  key: CryptoKey
  x: string
  y: string
}

// Half the order of P-256: of the two signatures that verify, only the lower is taken.
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** Writes bytes as base64url without padding. */
export function text64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** Returns what can be seen of a text: what a screen would hide is refused by who receives it. */
export function visible(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Z} ]/gu, ' ')
    .replace(/[^\P{C}\n]/gu, '')
    .trim()
}

/** Writes JSON as RFC 8785 has it: of texts and integers that is the plain form with members sorted. */
export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value)
    .filter(([, v]) => v !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(',')}}`
}

/** Signs claims; returns a compact JWS whose header has one spelling. */
export async function sign(claims: Claims, reporter: Reporter): Promise<string> {
  const utf8 = new TextEncoder()
  const header = `{"alg":"ES256","jwk":{"crv":"P-256","kty":"EC","x":"${reporter.x}","y":"${reporter.y}"},"typ":"theriac-report"}`
  const signed = `${text64(utf8.encode(header))}.${text64(utf8.encode(canonical(claims)))}`
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, reporter.key, utf8.encode(signed))
  return `${signed}.${text64(lowered(new Uint8Array(signature)))}`
}

/** Returns the signature, or its twin if s is above half the order. */
export function lowered(signature: Uint8Array): Uint8Array {
  const hex = [...signature.subarray(32)].map((b) => b.toString(16).padStart(2, '0')).join('')
  const s = BigInt(`0x${hex}`)
  if (s <= order / 2n) return signature
  const low = (order - s).toString(16).padStart(64, '0')
  const out = signature.slice()
  for (let i = 0; i < 32; i++) out[32 + i] = Number.parseInt(low.slice(2 * i, 2 * i + 2), 16)
  return out
}

/** A Receiver is one who is told, as the server says. */
export interface Receiver {
  name: string
  status: string
  leaf: number
  at: Date | undefined
}

/** Standing is how the server says that a report stands. */
export interface ReportState {
  id: string
  digest: string
  status: string
  receivers: Receiver[]
}

/** Reads the server's answer; undefined if it is none. */
export function readState(bytes: Uint8Array): ReportState | undefined {
  const body = parse(bytes)
  const [id, digest, status, list] = ['id', 'digest', 'status', 'receivers'].map((n) => member(body, n))
  if (typeof id !== 'string' || typeof digest !== 'string' || typeof status !== 'string' || !Array.isArray(list)) return undefined
  return { id, digest, status, receivers: list.map(receiver) }
}

function receiver(value: unknown): Receiver {
  const [name, gln, status, leaf, time] = ['name', 'gln', 'status', 'leaf', 'time'].map((n) => member(value, n))
  return {
    name: String(name ?? gln ?? ''),
    status: String(status ?? ''),
    leaf: typeof leaf === 'number' ? leaf : 0,
    at: typeof time === 'number' && time > 0 ? new Date(time) : undefined,
  }
}
