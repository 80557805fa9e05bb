import { expect, test } from 'vitest'
import { parseBundle, parseTrust, type Verdict, verify } from '../../verifier'
import { concat, fromText, toText, u64, utf8 } from '../../verifier/bytes'
import { whole, writeBytes, writeInt, writeMap, writeText } from '../../verifier/cbor'
import { batch } from '../../verifier/chain'
import { readCoded } from './evidence'

const files = import.meta.glob<string>('../../../../testdata/bundles/*.json', { query: '?raw', import: 'default', eager: true })
const file = (name: string): string => files[`../../../../testdata/bundles/${name}`] ?? ''

interface Raw {
  pack: { index: number }
  state: { key: string; value?: string; bucket: string; siblings: string }[]
}

const root = new Uint8Array(32).fill(5)
const mine = new Uint8Array(32).fill(6)

/** The golden evidence, with codes in its batch, and a record of the pack's or another place. */
function coded(change: (bundle: Raw, id: Uint8Array) => void = () => undefined): Uint8Array {
  const bundle = JSON.parse(file('genuine.json')) as Raw
  const record = bundle.state.find((r) => toText(fromText(r.key).subarray(0, 6)) === toText(utf8('batch/')))
  if (!record?.value) throw new Error('no batch')
  const { release: r, ...b } = whole(fromText(record.value), batch)
  const release = writeMap({
    ...{ 1: writeText(r.gtin), 2: writeText(r.lot), 3: writeText(r.expiry), 4: writeInt(r.size), 5: writeBytes(fromText(r.root)) },
    ...{ 6: writeText(r.certificate), 9: writeInt(BigInt(r.initial)), 11: writeBytes(root) },
  })
  const [holder, at, index] = [writeText(b.holder), writeInt(b.at), writeInt(b.index)]
  record.value = toText(
    writeMap({ 1: release, 2: holder, 3: at, 4: index, 5: writeInt(BigInt(b.status)), 6: writeInt(b.since), 7: writeText(b.by) }),
  )
  change(bundle, fromText(record.key).subarray(6))
  return utf8(JSON.stringify(bundle))
}

const add = (place: bigint, value?: Uint8Array) => (bundle: Raw, id: Uint8Array) => {
  const key = toText(concat(utf8('redeemed/'), id, u64(place)))
  bundle.state.push({ bucket: '', key, siblings: '', ...(value ? { value: toText(value) } : {}) })
}

const value = writeMap({ 1: writeBytes(mine), 2: writeText('4000000000006'), 3: writeInt(1_790_000_000_000n), 4: writeInt(7n) })

async function verdict(): Promise<Verdict> {
  const at = new Date('2026-11-21T09:00:00Z')
  return verify(parseBundle(utf8(file('genuine.json'))), parseTrust(utf8(file('trust.json'))), at)
}

test('what evidence proves of a code', async () => {
  const v = await verdict()
  const place = parseBundle(utf8(file('genuine.json'))).pack.index
  expect(v.checks.some((c) => c.check === 'pack' && c.ok)).toBe(true)
  expect(readCoded(utf8(file('genuine.json')), v)).toBeUndefined()
  const plain = readCoded(coded(), v)
  expect(plain).toMatchObject({
    pack: { gtin: v.facts.gtin, serial: v.facts.serial },
    place: { chain: v.chain, index: place },
    root: toText(root),
  })
  expect(plain?.record).toBeUndefined()
  expect(plain?.visible).toContain(`(21)${v.facts.serial}`)
  expect(readCoded(coded(add(place)), v)?.record).toBeNull()
  expect(readCoded(coded(add(place, value)), v)?.record).toEqual({
    browser: toText(mine),
    by: '4000000000006',
    at: new Date(1_790_000_000_000),
  })
  // The pack beside it may have been redeemed.
  expect(readCoded(coded(add(place + 1n, value)), v)?.record).toBeUndefined()
})

// Attack: evidence that was not verified so far that its records count.
test('nothing is read from what was not proven', async () => {
  const v = await verdict()
  expect(readCoded(coded(), { ...v, checks: v.checks.filter((c) => c.check !== 'pack') })).toBeUndefined()
  expect(readCoded(coded(), { ...v, checks: v.checks.map((c) => ({ ...c, ok: false })) })).toBeUndefined()
})
