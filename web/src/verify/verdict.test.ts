import { describe, expect, test } from 'vitest'
import type { Outcome, Verdict } from '../verifier'
import { type Act, type Evidence, type Finding, idle, judge, next, passes, reason, recall, type State } from './verdict'

const at = new Date('2026-11-21T10:00:00Z')
const facts = { gtin: '', serial: '', lot: '', expiry: '', state: '', custodian: '', materials: [], members: {}, exchanges: [], alerts: [] }
const verdict = (outcome: Outcome, code = ''): Verdict => ({
  verdict: outcome,
  code,
  step: '',
  blame: '',
  proven: false,
  reason: code,
  chain: 'c',
  checks: [],
  facts,
})
const evidence = (outcome: Outcome, code = ''): Evidence => ({ raw: new Uint8Array([1]), verdict: verdict(outcome, code) })
const found = (outcome: Outcome, code = ''): Finding => ({ kind: 'evidence', evidence: evidence(outcome, code) })
const problem = (code: string): Finding => ({ kind: 'problem', problem: { code, detail: 'words', status: 404 } })
const following = (...acts: Act[]): State => acts.reduce(next, idle)

describe('judge', () => {
  test.each([
    ['genuine', '', 'genuine'],
    ['refused', 'recalled', 'refused'],
    ['refused', 'not_on_ledger', 'refused'],
    ['refused', 'pack_dispensed', 'dispensed'],
    ['captured', 'approval_unproven', 'cannot_check'],
    ['cannot_check', 'too_old', 'cannot_check'],
  ] as const)('evidence %s %s is shown as %s', (outcome, code, display) => {
    expect(judge(found(outcome, code))).toMatchObject({ display, why: code, by: 'evidence' })
  })

  test('a verifier of another time that says something new decides nothing', () => {
    expect(judge(found('certain' as Outcome)).display).toBe('cannot_check')
  })

  test.each(['unknown_serial', 'unknown_pack', 'label_mismatch', 'expiry_mismatch'])('a server may warn: %s', (code) => {
    expect(judge(problem(code))).toMatchObject({ display: 'refused', by: 'server', words: 'words' })
  })

  // Attack: a server answers with a code of its own making.
  test.each(['genuine', 'verified', 'not_found', 'busy', 'pack_dispensed', '', 'no_answer'])('no word of a server assures: %s', (code) => {
    expect(judge(problem(code))).toMatchObject({ display: 'cannot_check', by: 'server' })
  })

  // Attack: a server answers with a code for which the page has words of its own.
  test.each(['genuine', 'offline', 'no_crypto', 'other_served', 'recalled', 'toString', 'other'])(
    'a server does not choose the page’s words: %s',
    (code) => {
      expect(reason(judge(problem(code)))).toBe('other')
    },
  )

  test('the page itself never knows', () => {
    expect(judge({ kind: 'page', why: 'foreign', detail: 'evil.example' })).toMatchObject({
      display: 'cannot_check',
      words: 'evil.example',
    })
  })
})

test('recall is known only where the evidence was verified that far', () => {
  expect(recall(verdict('genuine'))).toBe('none')
  expect(recall(verdict('refused', 'recalled'))).toBe('recalled')
  expect(recall(verdict('refused', 'pack_dispensed'))).toBe('none')
  expect(recall(verdict('refused', 'body_mismatch'))).toBe('unknown')
})

describe('next', () => {
  const check: Act = { type: 'check', code: 'A' }
  const answer = (turn: number, finding: Finding): Act => ({ type: 'found', turn, finding, at })

  test('an answer to an earlier check is dropped', () => {
    const state = following(check, { type: 'check', code: 'B' }, answer(1, found('genuine')))
    expect(state).toMatchObject({ checking: true, code: 'B' })
    expect(state.result).toBeUndefined()
  })

  test('an answer after the person went on is dropped', () => {
    expect(following(check, { type: 'clear' }, answer(1, found('genuine'))).result).toBeUndefined()
  })

  test('a second answer to one check is dropped', () => {
    const state = following(check, answer(1, found('refused', 'recalled')), answer(1, found('genuine')))
    expect(state.result?.display).toBe('refused')
  })

  test('a new code never shows the verdict of the one before', () => {
    expect(following(check, answer(1, found('genuine')), { type: 'check', code: 'B' }).result).toBeUndefined()
  })

  test.each<Finding>([
    { kind: 'page', why: 'offline' },
    problem('too_many_requests'),
    problem('busy'),
    problem('maker_unreachable'),
    problem('no_answer'),
  ])('passing trouble keeps the earlier verdict and says so: %o', (trouble) => {
    const state = following(check, answer(1, found('genuine')), check, answer(2, trouble))
    expect(state.result?.display).toBe('genuine')
    expect(state.at).toBe(at)
    expect(passes(state.trouble ?? judge(found('genuine')))).toBe(true)
    expect(
      following(check, answer(1, found('genuine')), check, answer(2, trouble), check, answer(3, found('genuine'))).trouble,
    ).toBeUndefined()
  })

  test.each<Finding>([
    problem('unknown_serial'),
    problem('not_found'),
    { kind: 'page', why: 'other_served' },
    { kind: 'page', why: 'bad_bundle' },
    found('refused', 'recalled'),
  ])('anything else replaces it: %o', (finding) => {
    expect(following(check, answer(1, found('genuine')), check, answer(2, finding)).result?.display).not.toBe('genuine')
  })

  test('without an earlier verdict trouble is what is shown', () => {
    expect(following(check, answer(1, { kind: 'page', why: 'offline' })).result).toMatchObject({ display: 'cannot_check', why: 'offline' })
  })

  // Attack: a second file is opened, whose pack is not the first's.
  test('a file never shows the verdict of the one before', () => {
    const file: Act = { type: 'check', code: '' }
    expect(following(file, answer(1, found('genuine')), file).result).toBeUndefined()
    expect(following(file, answer(1, found('genuine')), file, answer(2, { kind: 'page', why: 'offline' })).result?.display).toBe(
      'cannot_check',
    )
  })

  test('a verdict does not outlive the root of trust that counted', () => {
    const state = following(check, answer(1, found('genuine')), { type: 'void', why: 'other_served' })
    expect(state.result).toMatchObject({ display: 'cannot_check', by: 'page', why: 'other_served' })
    expect(following(check, { type: 'void', why: 'other_served' }).result).toBeUndefined()
  })

  test('evidence that has become too old takes its verdict with it', () => {
    const shown = evidence('genuine')
    const state = following(check, answer(1, { kind: 'evidence', evidence: shown }))
    const aged: Evidence = { raw: shown.raw, verdict: verdict('cannot_check', 'too_old') }
    expect(next(state, { type: 'aged', evidence: aged }).result).toMatchObject({ display: 'cannot_check', why: 'too_old' })
    expect(next(state, { type: 'aged', evidence: { ...aged, raw: new Uint8Array([1]) } })).toBe(state)
  })
})
