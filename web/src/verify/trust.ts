// Which trust root the page believes. The first that this device sees is pinned;
// from then on a server that shows another is refused, until the person replaces
// it. An address can name the fingerprint that is expected (#trust=…).
import { fingerprint, parseTrust, type Trust } from '../verifier'
import { keep, kept } from './kept'

/** How a pinned root came here. */
export type Source = 'first' | 'link' | 'file' | 'replaced'

/** A Pin is a trust root that this device keeps. */
export interface Pin {
  text: string
  seen: string
  source: Source
}

/** A Root is a trust root that was read. */
export interface Root {
  trust: Trust
  fingerprint: string
  text: string
}

export type Choice = 'pinned' | 'served' | 'other_served' | 'other_expected' | 'none'

const name = 'trust'

/** Reads a trust root from its bytes; undefined if they are none. */
export async function readRoot(bytes: Uint8Array): Promise<Root | undefined> {
  try {
    const trust = parseTrust(bytes)
    return { trust, fingerprint: await fingerprint(trust), text: new TextDecoder().decode(bytes) }
  } catch {
    return undefined
  }
}

/** Returns the pin with its root. A pin that is damaged is treated as a foreign one would be: it is not replaced silently. */
export async function pinned(): Promise<{ pin: Pin; root: Root } | { root: undefined } | undefined> {
  const pin = kept<Pin>(name)
  if (pin === undefined) return undefined
  const root = typeof pin?.text === 'string' ? await readRoot(new TextEncoder().encode(pin.text)) : undefined
  return pin && root ? { pin, root } : { root: undefined }
}

/** Pins a root, and says whether the browser keeps it. */
export const pinRoot = (root: Root, source: Source, now: Date): boolean =>
  keep(name, { text: root.text, seen: now.toISOString(), source } satisfies Pin)

/** The fingerprint that an address expects; 'bad' where it names one that none can have. */
export function expectedOf(fragment: string): string | undefined {
  const value = new URLSearchParams(fragment.replace(/^#/, '')).get('trust')
  if (value === null) return undefined
  return /^[A-Za-z0-9_-]{43}$/.test(value) ? value : 'bad'
}

/**
 * Decides which root counts, by fingerprints. What the address expects binds the
 * pin and the server; what is pinned binds the server. A server that is silent
 * changes nothing.
 */
export function choose(pin: string | undefined, served: string | undefined, expected: string | undefined): Choice {
  if (expected !== undefined && pin !== undefined && pin !== expected) return 'other_expected'
  if (expected !== undefined && served !== undefined && served !== expected) return 'other_served'
  if (pin !== undefined) return served === undefined || served === pin ? 'pinned' : 'other_served'
  return served === undefined ? 'none' : 'served'
}
