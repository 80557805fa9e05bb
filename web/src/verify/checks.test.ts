import { beforeAll, describe, expect, test, vi } from 'vitest'
import { parseBundle, parseTrust, verify } from '../verifier'
import { utf8 } from '../verifier/bytes'
import { sayCheck } from './checks'
import { de } from './text.de'
import { en } from './text.en'

const files = import.meta.glob<string>('../../../testdata/bundles/*.json', { query: '?raw', import: 'default', eager: true })
const file = (name: string): string => files[`../../../testdata/bundles/${name}`] ?? ''
const entries = JSON.parse(file('index.json')) as {
  bundle: string
  trust: string
  now: string
  verdict: string
  alerts?: { code: string }[]
}[]

beforeAll(() => {
  vi.stubGlobal('localStorage', { getItem: () => 'en' })
})

// Each check that the verifier makes of any golden bundle has words of its own.
describe.each([
  ['English', en],
  ['Deutsch', de],
])('%s', (_, text) => {
  test('says every check', async () => {
    const said = new Set<string>()
    for (const { bundle, trust, now, verdict } of entries) {
      if (verdict === 'unreadable') continue
      const { checks, facts } = await verify(parseBundle(utf8(file(bundle))), parseTrust(utf8(file(trust))), new Date(now))
      for (const c of checks) {
        said.add(c.check)
        expect(Object.keys(text)).toContain((c.ok ? 'check_' : 'why_') + c.check)
        const sentence = sayCheck(c, facts, text)
        expect(sentence.length, sentence).toBeGreaterThan(10)
        expect(sentence).not.toMatch(/undefined|\?$/)
      }
    }
    for (const key of Object.keys(text).filter((k) => k.startsWith('check_'))) expect(said).toContain(key.slice(6))
    expect(said.size).toBeGreaterThan(35)
  })
})

test('each alert of a golden bundle is said in its own words', () => {
  const codes = new Set(entries.flatMap((e) => e.alerts ?? []).map((a) => `alert_${a.code}`))
  expect(codes.size).toBeGreaterThan(3)
  for (const text of [en, de]) for (const code of codes) expect(Object.keys(text)).toContain(code)
})

test('a member is said by name, a message by what it does', async () => {
  const { trust, now, bundle } = entries.find((e) => e.verdict === 'genuine') ?? { trust: '', now: '', bundle: '' }
  const { checks, facts } = await verify(parseBundle(utf8(file(bundle))), parseTrust(utf8(file(trust))), new Date(now))
  const exchange = checks.find((c) => c.check === 'exchange' && c.values[0] === 'dmdd/1')
  if (!exchange) throw new Error('no distribution')
  const [, from] = exchange.values
  expect(sayCheck(exchange, facts, en)).toContain(`Shipped: signed by ${facts.members[String(from)]}`)
})

// Attack: a lying server chooses the values of a check that failed.
test('what a check is about may be anything', () => {
  const facts = {
    gtin: '',
    serial: '',
    lot: '',
    expiry: '',
    state: '',
    custodian: '',
    materials: [],
    members: {},
    exchanges: [],
    alerts: [],
  }
  const say = (...values: (string | number | Date)[]) => sayCheck({ step: 'ledger', check: 'unknown', values, ok: false }, facts, en)
  expect(say('constructor', '__proto__', 'toString/1')).toBe(`${en.why_refused} (constructor, __proto__, toString/1)`)
  expect(say(new Date(Number.NaN), '2029-99-99', '')).toContain('?')
})
