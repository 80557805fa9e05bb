import { describe, expect, test } from 'vitest'
import { Problem } from '../../api/api'
import type { Verdict } from '../../verifier'
import type { Finding } from '../../verify/verdict'
import { keep, type Outside, restore, type Scan, serve } from './counter'

const code = '(01)09521141200018(17)291121(10)T1(21)0N77NVEDDS68MTSN'
const raw = new TextEncoder().encode('{"pack":{"index":41}}')
const at = '2026-11-21T12:00:00.000Z'

function found(outcome: Verdict['verdict'], why: string): Finding {
  const verdict: Verdict = {
    verdict: outcome,
    step: '',
    blame: '',
    proven: false,
    code: why,
    reason: why,
    chain: 'theriac-demo',
    checks: [],
    facts: {
      gtin: '09521141200018',
      serial: '0N77NVEDDS68MTSN',
      lot: 'T1',
      expiry: '2029-11-21',
      state: 'active',
      custodian: '',
      materials: [],
      members: {},
      exchanges: [],
      alerts: [],
    },
  }
  return { kind: 'evidence', evidence: { raw, verdict } }
}

/** A ledger of one pack, and what was asked of it. */
function ledger(finding: Finding) {
  const asked: string[] = []
  let taken = false
  const outside: Outside = {
    now: () => new Date(at),
    check: async () => finding,
    dispense: async (_, key) => {
      asked.push(key)
      if (taken) throw new Problem('already_dispensed', 409, 'a pack was dispensed before: alert A')
      taken = true
      return { operation: 'O', index: 15, height: 30, time: 1 }
    },
  }
  return { asked, outside }
}

const scan = (text = code, key = 'k1'): Scan => ({ key, text, at })

describe('dispensing at the counter', () => {
  test('a genuine pack is dispensed, and can be taken back by its place', async () => {
    const { asked, outside } = ledger(found('genuine', 'genuine'))
    const s = await serve(scan(), [], outside)
    expect(s.end).toEqual({ kind: 'done', done: { operation: 'O', index: 15, height: 30, time: 1 }, index: 41 })
    expect([s.gtin, s.serial, s.lot]).toEqual(['09521141200018', '0N77NVEDDS68MTSN', 'T1'])
    expect(asked).toEqual(['k1'])
  })

  // What is not genuine, active, in date and not recalled never reaches the ledger.
  test.each([
    ['refused', 'recalled'],
    ['refused', 'past_expiry'],
    ['refused', 'not_active'],
    ['refused', 'label_mismatch'],
    ['refused', 'bad_signature'],
    ['captured', 'approval_unproven'],
    ['cannot_check', 'too_old'],
  ] as const)('%s, %s: nothing is dispensed', async (outcome, why) => {
    const { asked, outside } = ledger(found(outcome, why))
    const s = await serve(scan(), [], outside)
    expect(s.end?.kind).toBe('refused')
    expect(asked).toEqual([])
  })

  // Attack: a server that says a pack is fine without evidence.
  test.each([
    { kind: 'problem', problem: { code: 'genuine', detail: 'trust me', status: 200 } },
    { kind: 'page', why: 'offline' },
    { kind: 'page', why: 'other_served' },
  ] as Finding[])('no evidence (%j): nothing is dispensed', async (finding) => {
    const { asked, outside } = ledger(finding)
    expect((await serve(scan(), [], outside)).end?.kind).toBe('refused')
    expect(asked).toEqual([])
  })

  test.each(['', 'hello', '(01)09521141200018', '(00)095211410000000014', 'x'.repeat(3000)])(
    'no code of a pack (%j): nobody is asked',
    async (text) => {
      const { outside } = ledger(found('genuine', 'genuine'))
      const s = await serve(scan(text), [], { ...outside, check: () => Promise.reject(new Error('asked')) })
      expect(s.end?.kind).toBe('refused')
    },
  )

  test('a copy raises an alert on the ledger, whether the evidence tells of it or not', async () => {
    for (const finding of [found('refused', 'pack_dispensed'), found('genuine', 'genuine')]) {
      const { asked, outside } = ledger(finding)
      await outside.dispense('', 'another pharmacy')
      const s = await serve(scan(), [], outside)
      expect(s.end).toEqual({ kind: 'alert', code: 'already_dispensed', words: 'a pack was dispensed before: alert A' })
      expect(asked).toEqual(['another pharmacy', 'k1'])
    }
  })

  test('a scanner that reads twice raises no alert', async () => {
    const { asked, outside } = ledger(found('genuine', 'genuine'))
    const first = await serve(scan(), [], outside)
    const second = await serve(scan('https://id.gs1.org/01/09521141200018/21/0N77NVEDDS68MTSN', 'k2'), [first], outside)
    expect(second.end).toEqual({ kind: 'here', at })
    expect(asked).toEqual(['k1'])
  })

  test('what was taken back can be dispensed again', async () => {
    const { asked, outside } = ledger(found('genuine', 'genuine'))
    const done = { operation: 'O', index: 15, height: 30, time: 1 }
    await serve(
      scan(code, 'k2'),
      [{ ...scan(), gtin: '09521141200018', serial: '0N77NVEDDS68MTSN', end: { kind: 'undone', done } }],
      outside,
    )
    expect(asked).toEqual(['k2'])
  })

  test('other refusals of the ledger keep their code', async () => {
    const { outside } = ledger(found('genuine', 'genuine'))
    const s = await serve(scan(), [], { ...outside, dispense: () => Promise.reject(new Problem('wrong_role', 403, 'no')) })
    expect(s.end).toEqual({ kind: 'problem', problem: { code: 'wrong_role', status: 403, words: 'no' } })
  })

  test('a session outlives a reload, without its evidence', async () => {
    const { outside } = ledger(found('refused', 'recalled'))
    const refused = await serve(scan(), [], outside)
    const store = new Map<string, string>()
    keep({ setItem: (k, v) => void store.set(k, v) }, 'p', [refused, scan(code, 'k9')])
    const back = restore({ getItem: (k) => store.get(k) ?? null }, 'p')
    expect(back.map((s) => s.key)).toEqual(['k1', 'k9'])
    expect(store.get('p')).not.toContain('raw')
    expect(restore({ getItem: () => '{broken' }, 'p')).toEqual([])
    expect(restore({ getItem: () => '{}' }, 'p')).toEqual([])
  })
})
