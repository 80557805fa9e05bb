// May this browser's verdict be believed? As a cryptographic module does, it answers
// questions of known answer before it is asked one that counts: signatures and hashes
// at once, and a whole verification while the person aims or types. An engine has then
// compiled the verifier, too, so that the first pack takes no longer than the others.
import { canVerify, parseBundle, parseTrust, verify } from '../verifier'

let answered: Promise<boolean> | undefined
let tested: Promise<boolean> | undefined
let busy: Promise<unknown> = Promise.resolve()

/** Tells whether this browser can check signatures, as far as that was tried; it waits for a trial that has begun. */
export function able(): Promise<boolean> {
  answered ??= canVerify()
  return answered
}

/** Does what only a browser that can check signatures may do; undefined if this one cannot. */
export async function ifAble<T>(work: () => Promise<T>): Promise<T | undefined> {
  if (!(await able())) return undefined
  const done = work()
  busy = done.catch(() => undefined)
  return done
}

type Fetched = () => Promise<{ bundle: string; trust: string }>

/**
 * Tries a whole verification, once, and tells whether this browser can check signatures.
 * A pack that is being verified goes first. Evidence that cannot be fetched, as without
 * a network, says nothing about the browser.
 */
export function selfTest(fetched: Fetched = () => import('./known')): Promise<boolean> {
  tested ??= tryOut(fetched)
  return tested
}

async function tryOut(fetched: Fetched): Promise<boolean> {
  const known = await fetched().catch(() => undefined)
  await busy
  if (known) answered = Promise.all([able(), knows(known.bundle, known.trust)]).then((all) => all.every(Boolean))
  return able()
}

/** One signature of each kind, as the text up to it and its first character, and what evidence with another one comes to. */
const signatures: [kind: RegExp, code: string][] = [
  [/("envelope":"[^".]*\.[^".]*\.)(.)/, 'bad_signature'],
  [/("paper":"[^"]*","signature":")(.)/, 'bad_signature'],
  [/("flag":2,"signature":")(.)/, 'not_on_ledger'],
]

/** Tells whether evidence is genuine here at its own time, and refused with another signature of each kind. */
async function knows(evidence: string, pinned: string): Promise<boolean> {
  try {
    const utf8 = (s: string) => new TextEncoder().encode(s)
    const trust = parseTrust(utf8(pinned))
    const bundle = parseBundle(utf8(evidence))
    const now = new Date((bundle.chain.at(-1)?.header.time?.seconds ?? 0) * 1000)
    let good = (await verify(bundle, trust, now)).verdict === 'genuine'
    for (const [kind, code] of signatures) {
      const bent = evidence.replace(kind, (_, before, c) => before + (c === 'A' ? 'B' : 'A'))
      good &&= (await verify(parseBundle(utf8(bent)), trust, now)).code === code
    }
    return good
  } catch {
    return false
  }
}
