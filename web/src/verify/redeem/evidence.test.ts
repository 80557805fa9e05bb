import { expect, test } from 'vitest'
import { parseBundle, parseTrust, verify } from '../../verifier'
import { utf8 } from '../../verifier/bytes'
import { readCoded } from './evidence'

const files = import.meta.glob<string>('../../../../testdata/bundles/*.json', { query: '?raw', import: 'default', eager: true })
const file = (name: string): string => files[`../../../../testdata/bundles/${name}.json`] ?? ''

/** Golden evidence, and its verdict on the day on which it was made. */
async function golden(name: string) {
  const raw = utf8(file(name))
  const index = JSON.parse(file('index')) as { bundle: string; trust: string; now: string }[]
  const entry = index.find((e) => e.bundle === `${name}.json`)
  if (!entry) throw new Error(`no ${name}`)
  return { raw, verdict: await verify(parseBundle(raw), parseTrust(utf8(file(entry.trust.replace('.json', '')))), new Date(entry.now)) }
}

test('what evidence proves of a code', async () => {
  const plain = await golden('genuine')
  expect(readCoded(plain.raw, plain.verdict)).toBeUndefined()

  const unused = await golden('genuine-code')
  const { facts } = unused.verdict
  const coded = readCoded(unused.raw, unused.verdict)
  expect(coded).toMatchObject({ pack: { gtin: facts.gtin, serial: facts.serial }, record: null })
  expect(coded?.place).toMatchObject({ chain: unused.verdict.chain, index: parseBundle(unused.raw).pack.index })
  expect(coded?.visible).toContain(`(21)${facts.serial}`)
  const used = await golden('genuine-redeemed')
  expect(readCoded(used.raw, used.verdict)?.record).toEqual(used.verdict.facts.redeemed)
  expect(used.verdict.facts.redeemed?.browser).toHaveLength(43)
})

// Attack: evidence that was not verified so far that its records count.
test('nothing is read from what was not proven', async () => {
  const { raw, verdict: v } = await golden('genuine-redeemed')
  expect(readCoded(raw, { ...v, checks: v.checks.filter((c) => c.check !== 'pack') })).toBeUndefined()
  expect(readCoded(raw, { ...v, checks: v.checks.map((c) => ({ ...c, ok: false })) })).toBeUndefined()
  // Refused between: the pack has a code, and nobody knows what became of it.
  const { codes, redeemed, ...facts } = v.facts
  expect([codes, redeemed?.by]).not.toContain(undefined)
  expect(readCoded(raw, { ...v, facts })?.record).toBeUndefined()
})
