// One redemption: derive, hold what the server says against the evidence, sign, hand in,
// and say what came of it, and on whose word.
import type { Redemption } from '../../verifier'
import { type Bytes, type Digest, fromText, same, toText } from '../../verifier/bytes'
import { included } from '../../verifier/merkle'
import { sha256 } from '../../verifier/sha256'
import type { World } from '../check'
import { ask, member, type Problem, parse } from '../server'
import { derive, mark, redeemed } from './code'
import type { Coded } from './evidence'

const maxAnswer = 64 << 10

/** What a redemption comes to. `first` is now, `mine` was before, by this browser. */
export type Outcome = 'first' | 'mine' | 'other' | 'unused' | 'wrong' | 'cannot'

/** Facts are what there is to say of a code, from wherever it comes. */
export interface Facts {
  /** SHA-256 of this browser's key for the pack. */
  mine: Digest
  /** The record in evidence that was verified here, if it has one; null: proven absent. */
  record?: Redemption | null | undefined
  /** What the server answered to a redemption. */
  said?: { first: boolean; by: string; at: Date } | undefined
  /** When this browser handed the code in. */
  asked?: Date | undefined
}

/** A Standing is how it stands with a code, and who says so. */
export interface Standing {
  outcome: Outcome
  by: 'evidence' | 'server' | 'page'
  at?: Date
  relay?: string // GLN
  /** Why not, for `cannot`. */
  why?: string
}

// Blocks have the validators' time, and this device its own.
const slack = 5 * 60_000

/**
 * Says how it stands with a code. The ledger's record, where evidence has it, decides over
 * anybody's word; that there was none when the evidence was made says nothing of now.
 */
export function judge({ mine, record, said, asked }: Facts): Standing | undefined {
  if (record) {
    const own = record.browser === mine
    const now = own && asked && record.at.getTime() >= asked.getTime() - slack
    return { outcome: now ? 'first' : own ? 'mine' : 'other', by: 'evidence', at: record.at, relay: record.by }
  }
  if (said) {
    const now = said.first && asked && said.at.getTime() >= asked.getTime() - slack
    return { outcome: now ? 'first' : said.first ? 'mine' : 'other', by: 'server', at: said.at, relay: said.by }
  }
  return record === null ? { outcome: 'unused', by: 'evidence' } : undefined
}

const cannot = (why: string): Standing => ({ outcome: 'cannot', by: 'page', why })

/** Reads the server's word on a redemption; undefined if it is none. */
export function readRedeemed(value: unknown): Facts['said'] {
  const [first, at, by] = ['first', 'at', 'by'].map((n) => member(value, n))
  if (typeof first !== 'boolean' || typeof at !== 'number' || !(at > 0 && at < 8.64e15) || typeof by !== 'string') return undefined
  return { first, by, at: new Date(at) }
}

type Handed = { said: NonNullable<Facts['said']> } | { standing: Standing }

/** Redeems a code for this browser. Nothing is handed in unless the evidence says that it is the pack's. */
export async function redeem(coded: Coded, code: Bytes, browser: Bytes, world: World): Promise<Handed> {
  const signer = await derive(code, coded.pack).catch(() => undefined)
  if (!signer) return { standing: cannot('no_ed25519') }
  const where = await ask(`/v1/redeemable?code=${encodeURIComponent(coded.visible)}`, maxAnswer, world.get)
  if (where.kind !== 'bytes') return { standing: cannot(where.kind === 'offline' ? 'offline' : where.problem.code) }
  const path = pathOf(coded, parse(where.bytes), mark(signer.key))
  if (typeof path !== 'string') return { standing: path }
  const proof = await signer.sign(redeemed(coded.place, browser))
  const body = {
    batch: coded.place.batch,
    index: Number(coded.place.index),
    path,
    key: toText(signer.key),
    proof: toText(proof),
    browser: toText(browser),
  }
  const answer = await ask('/v1/redemptions', maxAnswer, world.get, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (answer.kind === 'offline') return { standing: cannot('offline') }
  const said = readRedeemed(answer.kind === 'bytes' ? parse(answer.bytes) : answer.problem.redeemed)
  if (answer.kind === 'bytes') return said ? { said } : { standing: cannot('no_answer') }
  return refusedBy(answer.problem, said)
}

function refusedBy(problem: Problem, said: Facts['said']): Handed {
  if (problem.code === 'already_redeemed' && said) return { said: { ...said, first: false } }
  return { standing: cannot(problem.code) }
}

/**
 * Returns the path, as it was written, if it shows the mark under the root that the
 * evidence has. A code is wrong only if the server's path leads there with another mark.
 */
function pathOf(coded: Coded, answer: unknown, own: Bytes): string | Standing {
  const [path, shown] = ['path', 'mark'].map((n) => member(answer, n))
  try {
    if (typeof path !== 'string' || typeof shown !== 'string') return cannot('no_answer')
    const raw = fromText(path)
    const steps = Array.from({ length: Math.ceil(raw.length / 32) }, (_, i) => raw.subarray(32 * i, 32 * i + 32))
    const leads = (leaf: Uint8Array) => included(leaf, coded.place.index, coded.size, steps, fromText(coded.root, 32))
    if (leads(own)) return path
    const theirs = fromText(shown, 32)
    return leads(theirs) && !same(theirs, own) ? { outcome: 'wrong', by: 'evidence' } : cannot('other_path')
  } catch {
    return cannot('no_answer')
  }
}

/** Returns the digest by which the ledger names a browser's key. */
export const nameOfKey = (point: Bytes): Digest => toText(sha256(point))
