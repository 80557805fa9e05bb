// One check from code to finding: read the code, settle which trust root counts,
// get the evidence, verify it. Nothing here trusts an answer.
import { parseBundle, Refusal, verify } from '../verifier'
import { foreign, type Label, type Reading } from './reading'
import { able, ifAble } from './selftest'
import { askBundle, askEndpoints, askTrust, type Fetch } from './server'
import { choose, type Pin, pinned, pinRoot, type Root, readRoot } from './trust'
import type { Evidence, Finding, PageReason } from './verdict'

/** The World is what a check needs from outside. */
export interface World {
  now: () => Date
  get: Fetch
  /** This page's own host. */
  here: string
  /** Fingerprint that the page's address expects. */
  expected: string | undefined
}

/** Standing is which root counts, or why none does. */
export interface Standing {
  root?: Root
  pin?: Pin
  /** The browser does not keep the pin. */
  unkept?: boolean
  why?: PageReason
  /** The root that the server shows instead. */
  other?: Root
  pinnedAs?: string
}

/** Settles which trust root counts; the first one is pinned. Without `served` the server is not asked. */
export async function settle(world: World, online = true): Promise<Standing> {
  const [have, answer] = await Promise.all([pinned(), online ? askTrust(world.get) : undefined])
  const served = answer?.kind === 'bytes' ? await readRoot(answer.bytes) : undefined
  // Bytes that are no trust root are another one, not silence.
  const shown = answer?.kind === 'bytes' ? (served?.fingerprint ?? 'bad') : undefined
  const held = have && (have.root?.fingerprint ?? 'damaged')
  const standing: Standing = {}
  if (held !== undefined) standing.pinnedAs = held
  if (served) standing.other = served
  const choice = choose(held, shown, world.expected)
  if (choice === 'pinned' && have?.root) return { root: have.root, pin: have.pin }
  if (choice === 'served' && served) {
    const source = world.expected === undefined ? 'first' : 'link'
    const now = world.now()
    const stays = pinRoot(served, source, now)
    return { root: served, pin: { text: served.text, seen: now.toISOString(), source }, unkept: !stays }
  }
  if (choice === 'none') return { ...standing, why: 'no_trust' }
  return { ...standing, why: choice === 'other_expected' ? 'other_expected' : 'other_served' }
}

/** Checks a pack with the server's evidence. */
export async function checkPack(
  reading: Extract<Reading, { kind: 'pack' }>,
  world: World,
): Promise<{ finding: Finding; standing?: Standing }> {
  if (!(await able())) return { finding: page('no_crypto') }
  if (foreign(reading.host, world.here, []) && foreign(reading.host, world.here, await askEndpoints(world.get))) {
    return { finding: page('foreign', reading.host) }
  }
  const [standing, answer] = await Promise.all([settle(world), askBundle(reading.code, world.get)])
  if (answer.kind === 'offline') return { finding: page(standing.why && standing.why !== 'no_trust' ? standing.why : 'offline'), standing }
  if (!standing.root) return { finding: page(standing.why ?? 'no_trust'), standing }
  if (answer.kind === 'problem') return { finding: { kind: 'problem', problem: answer.problem }, standing }
  return { finding: await weigh(answer.bytes, standing.root, world.now(), reading.label), standing }
}

/** Checks evidence from a file: the pinned root decides, and no server is needed if there is one. */
export async function checkFile(raw: Uint8Array, world: World): Promise<{ finding: Finding; standing?: Standing }> {
  if (!(await able())) return { finding: page('no_crypto') }
  let standing = await settle(world, false)
  if (standing.why === 'no_trust') standing = await settle(world)
  if (!standing.root) return { finding: page(standing.why ?? 'no_trust'), standing }
  return { finding: await weigh(raw, standing.root, world.now()), standing }
}

/** Name of the user timing of a proof check, for benchmarks and developers. */
const timing = 'theriac.verify'

/** Verifies bytes that may be evidence. */
export const weigh = async (raw: Uint8Array, root: Root, now: Date, label?: Label): Promise<Finding> =>
  (await ifAble(() => verified(raw, root, now, label))) ?? page('no_crypto')

async function verified(raw: Uint8Array, root: Root, now: Date, label: Label | undefined): Promise<Finding> {
  const start = performance.now()
  try {
    const verdict = await verify(parseBundle(raw), root.trust, now, label)
    performance.measure(timing, { start })
    return { kind: 'evidence', evidence: { raw, verdict } satisfies Evidence }
  } catch (err) {
    return err instanceof Refusal ? page('bad_bundle', err.message) : page('broken', String(err))
  }
}

const page = (why: PageReason, detail = ''): Finding => ({ kind: 'page', why, detail })
