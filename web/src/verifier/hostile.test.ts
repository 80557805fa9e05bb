import { expect, test } from 'vitest'
import genuine from '../../../testdata/bundles/genuine.json?raw'
import pinned from '../../../testdata/bundles/trust.json?raw'
import { canVerify, fingerprint, parseBundle, parseTrust, Refusal, verify } from '.'
import { fromText, toText, utf8 } from './bytes'
import * as cbor from './cbor'
import { standard } from './epcis/context'
import { parseTree } from './epcis/tree'
import { lastDay } from './gs1'
import * as json from './json'
import { highS, parseKey } from './key'
import { root } from './merkle'
import { sha256 } from './sha256'
import { isCompact } from './uri'

const trust = parseTrust(utf8(pinned))
const code = (read: () => unknown): string => {
  try {
    read()
    return ''
  } catch (err) {
    if (!(err instanceof Refusal)) throw err
    return err.code
  }
}

test('this Node can verify', async () => {
  expect(await canVerify()).toBe(true)
})

test('a browser that takes any signature cannot', async () => {
  const { verify: real } = crypto.subtle
  try {
    crypto.subtle.verify = () => Promise.resolve(true)
    expect(await canVerify()).toBe(false)
    crypto.subtle.verify = () => Promise.reject(new Error('NotSupportedError'))
    expect(await canVerify()).toBe(false)
  } finally {
    crypto.subtle.verify = real
  }
})

test('SHA-256 is WebCrypto’s', async () => {
  for (let n = 0; n < 300; n++) {
    const b = crypto.getRandomValues(new Uint8Array(n))
    expect(toText(sha256(b.subarray(0, n >> 1), b.subarray(n >> 1)))).toBe(toText(new Uint8Array(await crypto.subtle.digest('SHA-256', b))))
  }
})

// Attack: base64url in a second spelling.
test.each(['=', 'AA==', 'A', 'AB', 'AAB', 'A+', 'A/', 'AA\n', ' AA', 'Aé', 'AA\0'])('base64url %j is refused', (s) => {
  expect(() => fromText(s)).toThrow()
})

test('base64url comes back', () => {
  for (let n = 0; n < 100; n++) {
    const b = crypto.getRandomValues(new Uint8Array(n))
    expect([...fromText(toText(b))]).toEqual([...b])
  }
})

// RFC 8785: one spelling.
test.each([
  '1.0',
  '1e3',
  '01',
  '-0',
  '+1',
  '1E400',
  '1e400',
  '.5',
  '9007199254740993',
  '18446744073709551615',
  '0x1',
  'NaN',
  '-',
  '"\\u0041"',
  '"\\/"',
  '"\\ud800"',
  '"\\u001F"',
  '"\\u000a"',
  '"\n"',
  '"',
  '{"b":1,"a":2}',
  '{"a":1,"a":1}',
  '{"a": 1}',
  '[1, 2]',
  '[1,]',
  '{"a":1,}',
  '[',
  ']',
  '{',
  'nul',
  'True',
  '',
  '1 ',
  '{"\u{10000}":1,"\uffff":1,"a":1}',
  `${'['.repeat(10_001)}${']'.repeat(10_001)}`,
])('JSON %.40j is refused', (s) => {
  expect(() => json.whole(s, json.raw)).toThrow()
})

test.each([
  'null',
  'true',
  '0',
  '-1',
  '1e+21',
  '1.5',
  '""',
  '"é\u2028"',
  '"\\u0000\\n"',
  '[]',
  '{}',
  '[[],{},[{}]]',
  '{"":1,"__proto__":2,"a":{"b":[1,2]}}',
  '{"!":1,"10":2,"9":3}',
  '{"\u{10000}":1,"\uffff":1}',
  '9007199254740992',
  `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
])('JSON %.40j is taken', (s) => {
  expect(json.whole(s, json.raw)).toBe(s)
})

test.each([
  ['__proto__ as a member', genuine.replace('{"chain"', '{"__proto__":{"type":"theriac/bundle/1"},"chain"')],
  ['constructor as a member', genuine.replace('"type":"theriac/bundle/1"}', '"type":"theriac/bundle/1","valueOf":1}')],
  ['a byte order mark', `\uFEFF${genuine}`],
  ['nothing', ''],
  ['null', 'null'],
  ['deep nesting', '['.repeat(1 << 20)],
])('%s is no bundle', (_, raw) => {
  expect(code(() => parseBundle(utf8(raw)))).toBe('bad_bundle')
})

test('more than 32 MiB, and bytes that are not UTF-8, are no bundle', () => {
  expect(code(() => parseBundle(new Uint8Array((32 << 20) + 1)))).toBe('bad_bundle')
  expect(code(() => parseBundle(Uint8Array.of(0x22, 0xff, 0x22)))).toBe('bad_bundle')
})

// A text of many megabytes overflows the stack of a greedy pattern.
test('a long text is read', () => {
  const long = `"${'A'.repeat(24 << 20)}"`
  expect(json.whole(long, json.text).length).toBe(24 << 20)
  expect(parseTree(long, 1, 1).text.length).toBe(24 << 20)
})

test.each([
  ['a member twice', pinned.replace('{', '{"height":0,')],
  ['a member by an escape', pinned.replace('"height"', '"h\\u0065ight":0,"height"')],
  ['an unknown member', pinned.replace('{', '{"__proto__":0,')],
  ['half a character', pinned.replace('"chain_id":"', '"chain_id":"\\ud800')],
  ['a fraction', pinned.replace('"max_age_seconds":600', '"max_age_seconds":600.0')],
  ['a null', pinned.replace('"height":0', '"height":null')],
  ['no age', pinned.replace('"max_age_seconds":600', '"max_age_seconds":0')],
  ['deep nesting', '['.repeat(1 << 20)],
])('a trust root with %s is refused', (_, raw) => {
  expect(raw).not.toBe(pinned)
  expect(code(() => parseTrust(utf8(raw)))).toBe('bad_trust')
})

test('the layout of a trust root does not matter, its fingerprint stays', async () => {
  const spaced = parseTrust(utf8(JSON.stringify(JSON.parse(pinned), null, 2)))
  expect(await fingerprint(spaced)).toBe(await fingerprint(trust))
  expect(await fingerprint({ ...trust, max_age_seconds: 601 })).not.toBe(await fingerprint(trust))
})

test('members of a trust root may stand in any order, its height may be left out', () => {
  const { chain_id, max_age_seconds, validators } = JSON.parse(pinned)
  const other = {
    validators: validators.map(({ key, power }: { key: string; power: number }) => ({ power, key })),
    max_age_seconds,
    chain_id,
  }
  expect(parseTrust(utf8(JSON.stringify(other).replace('"chain_id"', '"chain\\u005fid"')))).toEqual(trust)
})

test.each(['cbv', 'cbvmda', 'dcterms', 'epcis', 'gs1', 'owl', 'rdfs', 'xsd'])('%s: is a prefix of the EPCIS context', (prefix) => {
  expect([...standard.keys()]).toContain(prefix)
  expect(standard.size).toBe(8)
  expect(isCompact(`${prefix}:x`)).toBe(true)
  expect(isCompact(`${prefix}://x`) || isCompact(`${prefix}x:y`) || isCompact(prefix)).toBe(false)
})

// RFC 8032 section 5.1.7: under these keys a signature serves many messages.
test.each([
  `01${'00'.repeat(31)}`,
  '00'.repeat(32),
  `ec${'ff'.repeat(30)}7f`,
  `ec${'ff'.repeat(30)}ff`,
  `ed${'ff'.repeat(30)}7f`,
  `ff${'ff'.repeat(30)}ff`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
])('validator key %s is refused', (hex) => {
  const key = toText(Uint8Array.from(hex.match(/../g) ?? [], (h) => Number.parseInt(h, 16)))
  const [first] = JSON.parse(pinned).validators
  expect(code(() => parseTrust(utf8(pinned.replace(first.key, key))))).toBe('bad_trust')
})

test('a point beside the curve is no key, a high s no signature', () => {
  const point = new Uint8Array(65)
  point[0] = 4
  expect(() => parseKey(point)).toThrow()
  expect(highS(new Uint8Array(64).fill(255))).toBe(true)
  expect(highS(new Uint8Array(64))).toBe(false)
})

test.each(['1800', '190000', 'f6', 'ff', '9fff', 'a0ff', '1c', '5f', 'c000', '80f6', '1bffff'])('CBOR %s is refused', (hex) => {
  const raw = Uint8Array.from(hex.match(/../g) ?? [], (h) => Number.parseInt(h, 16))
  expect(() => cbor.whole(raw, cbor.int)).toThrow()
})

test('integers come back from CBOR', () => {
  for (const n of [0n, 23n, 24n, 255n, 256n, 65_535n, 65_536n, 1n << 32n, (1n << 63n) - 1n, -1n, -24n, -25n, -(1n << 63n)]) {
    expect(cbor.whole(cbor.writeInt(n), cbor.int)).toBe(n)
  }
})

test('the root of a tree is RFC 9162’s', () => {
  expect(toText(root([]))).toBe(toText(sha256()))
})

test.each([
  ['2029-02', '2029-02-28'],
  ['2028-02', '2028-02-29'],
  ['2029-12', '2029-12-31'],
])('the last day of %s is %s', (month, last) => {
  expect(lastDay(month)).toBe(lastDay(last))
  expect(lastDay('2029-02-30')).toBeUndefined()
})

test('a label names its pack and no other', async () => {
  const bundle = parseBundle(utf8(genuine))
  const now = new Date('2026-11-21T09:00:46Z')
  const { gtin, serial, lot, expiry } = bundle.pack.pack
  const says = async (label: object) => (await verify(bundle, trust, now, label)).code
  expect(await says({ gtin, serial, lot, expiry })).toBe('')
  expect(await says({ gtin, serial, expiry: '2029-03-00' })).toBe('')
  for (const other of [
    {},
    { gtin },
    { gtin, serial: 'X' },
    { gtin, serial, lot: 'X' },
    { gtin, serial, expiry: '2029-04-00' },
    { gtin, serial, expiry: 'x' },
  ]) {
    expect(await says(other)).toBe('label_mismatch')
  }
})
