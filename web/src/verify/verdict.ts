// What people see of an outcome. Pure: everything that the page may show as a
// verdict is decided here, and only evidence that was verified is genuine.
import type { Verdict } from '../verifier'
import type { Label, Reading } from './reading'
import type { Problem } from './server'

export type Display = 'genuine' | 'refused' | 'dispensed' | 'cannot_check'

/** Evidence is what was verified, kept so that it can be verified again without the server. */
export interface Evidence {
  raw: Uint8Array
  verdict: Verdict
}

/** A Finding is how one check went. */
export type Finding =
  | { kind: 'evidence'; evidence: Evidence }
  | { kind: 'problem'; problem: Problem }
  | { kind: 'page'; why: PageReason; detail?: string }

/** Why the page itself cannot say. */
export type PageReason =
  | 'offline'
  | 'foreign'
  | 'no_serial'
  | 'container'
  | 'unreadable'
  | 'no_crypto'
  | 'other_served'
  | 'other_expected'
  | 'no_trust'
  | 'bad_bundle'
  | 'oversized_answer'
  | 'broken'

/** A Result is a verdict for people. */
export interface Result {
  display: Display
  /** Stable code of the reason: the verifier's, the server's or the page's. */
  why: string
  /** Who says so. Only evidence proves anything. */
  by: 'evidence' | 'server' | 'page'
  /** The verifier's or server's own words. */
  words: string
  evidence?: Evidence
}

/** The codes with which a server says that the pack is not what it seems. Its word can warn, and never assure. */
const warnings = new Set(['unknown_serial', 'unknown_pack', 'label_mismatch', 'expiry_mismatch'])

/** Answers that say nothing about the pack, and may be others in a minute. */
const passing = new Set([
  'offline',
  'too_many_requests',
  'busy',
  'in_progress',
  'internal',
  'maker_unreachable',
  'no_answer',
  'oversized_answer',
])

/** The codes of a server that the page has words for. */
const spoken = new Set([...warnings, 'not_found', 'too_many_requests', 'busy', 'maker_unreachable', 'bad_identifier', 'oversized_answer'])

/**
 * Names the reason in the page's words. A server chooses its codes, so it must not
 * choose among what the page says of verified evidence or of itself.
 */
export const reason = (result: Result): string => (result.by !== 'server' || spoken.has(result.why) ? result.why : 'other')

/** Turns a finding into what is shown. */
export function judge(finding: Finding): Result {
  switch (finding.kind) {
    case 'evidence':
      return judgeEvidence(finding.evidence)
    case 'problem':
      return {
        display: warnings.has(finding.problem.code) ? 'refused' : 'cannot_check',
        why: finding.problem.code,
        by: 'server',
        words: finding.problem.detail,
      }
    case 'page':
      return { display: 'cannot_check', why: finding.why, by: 'page', words: finding.detail ?? '' }
  }
}

function judgeEvidence(evidence: Evidence): Result {
  const { verdict } = evidence
  return { display: displayOf(verdict), why: verdict.code, by: 'evidence', words: verdict.reason, evidence }
}

function displayOf(verdict: Verdict): Display {
  switch (verdict.verdict) {
    case 'genuine':
      return 'genuine'
    case 'refused':
      return verdict.code === 'pack_dispensed' ? 'dispensed' : 'refused'
    default:
      return 'cannot_check'
  }
}

/** Says whether a result may be another in a minute, so that an earlier one of the same code still counts. */
export const passes = (result: Result): boolean => result.by !== 'evidence' && passing.has(result.why)

/** Whether the evidence says that the batch was recalled; it says so only if it was verified that far. */
export function recall(verdict: Verdict): 'recalled' | 'none' | 'unknown' {
  if (verdict.code === 'recalled') return 'recalled'
  const later = ['pack_dispensed', 'not_active', 'past_expiry', 'too_old', 'clock', 'approval_unproven']
  return verdict.verdict === 'genuine' || later.includes(verdict.code) ? 'none' : 'unknown'
}

/** Turns a reading that names no pack of ours into a finding. */
export function unread(reading: Exclude<Reading, { kind: 'pack' }>): Finding {
  return { kind: 'page', why: reading.kind, detail: reading.kind === 'foreign' ? reading.host : '' }
}

/** A State is what the page shows. */
export interface State {
  /** Number of the check that runs or ran last; answers to earlier ones are dropped. */
  turn: number
  checking: boolean
  code: string
  label?: Label
  result?: Result
  at?: Date
  /** A passing trouble beside an earlier result of the same code. */
  trouble?: Result
}

export type Act =
  | { type: 'check'; code: string; label?: Label }
  | { type: 'found'; turn: number; finding: Finding; at: Date }
  | { type: 'aged'; evidence: Evidence }
  | { type: 'void'; why: PageReason }
  | { type: 'clear' }

export const idle: State = { turn: 0, checking: false, code: '' }

/** Returns the state after an act. */
export function next(state: State, act: Act): State {
  switch (act.type) {
    case 'check': {
      const begun: State = { turn: state.turn + 1, checking: true, code: act.code }
      if (act.label) begun.label = act.label
      // The earlier verdict on this pack stays in sight while it is checked again. Files
      // have no code: nothing says that two are of one pack.
      if (act.code !== '' && state.code === act.code && state.result) Object.assign(begun, { result: state.result, at: state.at })
      return begun
    }
    case 'found':
      return act.turn === state.turn && state.checking ? found(state, act.finding, act.at) : state
    case 'aged':
      // The kept evidence, verified again later: it may have become too old.
      if (state.checking || state.result?.evidence?.raw !== act.evidence.raw) return state
      return { ...state, result: judgeEvidence(act.evidence) }
    case 'void':
      // No root counts any more, so that the one under which it was verified does not.
      return state.checking || !state.result?.evidence ? state : { ...state, result: judge({ kind: 'page', why: act.why }) }
    case 'clear':
      return { ...idle, turn: state.turn + 1 }
  }
}

function found(state: State, finding: Finding, at: Date): State {
  const result = judge(finding)
  const settled: State = { ...state, checking: false }
  delete settled.trouble
  if (state.result?.evidence && passes(result)) return { ...settled, trouble: result }
  return { ...settled, result, at }
}
