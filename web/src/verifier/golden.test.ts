import { expect, test } from 'vitest'
import { parseBundle, parseTrust, Refusal, verify } from '.'
import { utf8 } from './bytes'

const files = import.meta.glob<string>('../../../testdata/bundles/*.json', { query: '?raw', import: 'default', eager: true })
const file = (name: string): string => {
  const found = files[`../../../testdata/bundles/${name}`]
  if (found === undefined) throw new Error(`no ${name}`)
  return found
}

interface Entry {
  bundle: string
  trust: string
  now: string
  verdict: string
  step: string
  blame: string
  proven: boolean
  code: string
  alerts?: { code: string; by: string; at: string }[]
  measured?: { counter: number; registered: string; verified?: string; material?: string }[]
  codes?: boolean
  redeemed?: { at: string }
}

const entries = JSON.parse(file('index.json')) as Entry[]

const dated = (m: NonNullable<Entry['measured']>[number]) => ({
  ...m,
  counter: BigInt(m.counter),
  registered: new Date(m.registered),
  verified: m.verified ? new Date(m.verified) : undefined,
  material: m.material,
})

test('there are golden bundles', () => {
  expect(entries.length).toBeGreaterThan(80)
})

// Every file that the Go verifier made and judged gets its verdict here, word for word.
test.each(entries)('$bundle', async ({ bundle, trust, now, ...want }) => {
  const pinned = parseTrust(utf8(file(trust)))
  let got: Pick<Entry, 'verdict' | 'step' | 'blame' | 'proven' | 'code'>
  try {
    const { verdict, step, blame, proven, code, reason, facts } = await verify(parseBundle(utf8(file(bundle))), pinned, new Date(now))
    got = { verdict, step, blame, proven, code }
    expect(facts.alerts).toEqual((want.alerts ?? []).map((a) => ({ ...a, at: new Date(a.at) })))
    expect(facts.measured ?? []).toEqual((want.measured ?? []).map(dated))
    expect(facts.codes ?? false).toBe(want.codes ?? false)
    expect(facts.redeemed).toEqual(want.redeemed && { ...want.redeemed, at: new Date(want.redeemed.at) })
    expect(reason.startsWith(code)).toBe(true)
  } catch (err) {
    if (!(err instanceof Refusal)) throw err
    got = { verdict: 'unreadable', step: '', blame: '', proven: false, code: err.code }
  }
  expect(got).toEqual({ verdict: want.verdict, step: want.step, blame: want.blame, proven: want.proven, code: want.code })
})
