// Who is logged in. A passkey proves it; the server keeps the session in a cookie
// that no script can read.
import { useEffect, useState } from 'preact/hooks'
import { get, onLoggedOut, type Problem, post, put, remove } from '../api/api'
import { asProblem } from '../ui/load'
import type { Screen, Session } from './screen'

export type Standing =
  | { at: 'asking' }
  | { at: 'failed'; problem: Problem }
  /** expired: there was a session, and the person is to come back to where he was. */
  | { at: 'out'; expired: boolean }
  | { at: 'in'; session: Session }

let standing: Standing = { at: 'asking' }
const listeners = new Set<() => void>()

function change(s: Standing): void {
  standing = s
  for (const tell of listeners) tell()
}

onLoggedOut.tell = () => {
  if (standing.at === 'in') change({ at: 'out', expired: true })
}

/** Returns where the person stands, and again when that changes. */
export function useStanding(): Standing {
  const [, again] = useState(0)
  useEffect(() => {
    const tell = () => again((n) => n + 1)
    listeners.add(tell)
    return () => void listeners.delete(tell)
  }, [])
  return standing
}

/** Asks the server who is logged in. */
export async function resume(): Promise<void> {
  try {
    change({ at: 'in', session: await get<Session>('/v1/session') })
  } catch (e) {
    const problem = asProblem(e)
    change(problem.status === 401 ? { at: 'out', expired: false } : { at: 'failed', problem })
  }
}

/**
 * Asks again what the person may do: a role can change while somebody is logged
 * in. The server decides each request anyway, so that no answer changes nothing.
 */
export async function refresh(): Promise<void> {
  const session = await get<Session>('/v1/session').catch(() => undefined)
  if (session && standing.at === 'in') change({ at: 'in', session })
}

/** Ends a session that nobody uses any more. */
export function abandon(): void {
  change({ at: 'out', expired: true })
  // If the server cannot be told, it ends the session by its own clock.
  void remove('/v1/session').catch(() => undefined)
}

/** Ends the session, here and on the server. */
export async function logout(): Promise<void> {
  await remove('/v1/session')
  change({ at: 'out', expired: false })
}

interface Ceremony<O> {
  ceremony: string
  options: O | { publicKey: O }
}

const bare = <O extends object>(o: O | { publicKey: O }): O => ('publicKey' in o ? (o as { publicKey: O }).publicKey : o)

/** Why no passkey came, where it is not the server that refused. */
export type Trouble = 'cancelled' | 'registered' | 'insecure' | 'failed'

/** A ceremony that ended in the browser. */
export class Broken extends Error {
  constructor(readonly trouble: Trouble) {
    super(trouble)
  }
}

/** Reports whether the browser can do what is needed here. */
export const passkeys = (): boolean =>
  typeof PublicKeyCredential === 'function' &&
  typeof PublicKeyCredential.parseCreationOptionsFromJSON === 'function' &&
  typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function'

/** Returns what a ceremony's failure is called (WebAuthn, 5.1.3 and 5.1.4). */
export function troubleOf(e: unknown): Trouble {
  const name = e instanceof DOMException ? e.name : ''
  if (name === 'NotAllowedError' || name === 'AbortError') return 'cancelled'
  if (name === 'InvalidStateError') return 'registered'
  if (name === 'SecurityError') return 'insecure'
  return 'failed'
}

async function credential(ask: Promise<Credential | null>): Promise<PublicKeyCredentialJSON> {
  try {
    const found = await ask
    if (found instanceof PublicKeyCredential) return found.toJSON()
  } catch (e) {
    throw new Broken(troubleOf(e))
  }
  throw new Broken('failed')
}

/** Registers a passkey with an invitation's code, and logs in. */
export async function register(code: string): Promise<void> {
  const path = '/v1/session/registration'
  const begun = await post<Ceremony<PublicKeyCredentialCreationOptionsJSON>>(path, { code })
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(bare(begun.options))
  const made = await credential(navigator.credentials.create({ publicKey }))
  change({ at: 'in', session: await put<Session>(path, { ceremony: begun.ceremony, credential: made }) })
}

/** Logs in with a passkey. */
export async function login(): Promise<void> {
  const path = '/v1/session/login'
  const begun = await post<Ceremony<PublicKeyCredentialRequestOptionsJSON>>(path, {})
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(bare(begun.options))
  const shown = await credential(navigator.credentials.get({ publicKey }))
  change({ at: 'in', session: await put<Session>(path, { ceremony: begun.ceremony, credential: shown }) })
}

/** Reports whether a session may use a screen. */
export function offers(session: Session, screen: Screen): boolean {
  const { roles } = session.organisation
  const fits = screen.roles.length === 0 || screen.roles.some((r) => roles.includes(r))
  return fits && screen.needs.every((n) => session.may.includes(n))
}
