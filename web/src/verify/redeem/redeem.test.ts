import { expect, test } from 'vitest'
import { type Bytes, concat, toText } from '../../verifier/bytes'
import { root } from '../../verifier/merkle'
import { sha256 } from '../../verifier/sha256'
import type { World } from '../check'
import { derive, mark } from './code'
import type { Coded } from './evidence'
import { judge, nameOfKey, readRedeemed, redeem } from './redeem'

const at = new Date('2026-11-21T10:00:00Z')
const before = new Date('2026-11-01T10:00:00Z')
const [me, you] = [toText(new Uint8Array(32).fill(1)), toText(new Uint8Array(32).fill(2))]
const said = (first: boolean, when: Date) => ({ first, at: when, by: 'GLN' })

// The ledger's record decides; the server's word counts where evidence has none.
test.each([
  ['nothing is known', { mine: me }, undefined],
  ['proven unused', { mine: me, record: null }, ['unused', 'evidence']],
  ['the first, so the server says', { mine: me, said: said(true, at), asked: at }, ['first', 'server']],
  ['mine, so the server says', { mine: me, said: said(true, before), asked: at }, ['mine', 'server']],
  ['another’s, so the server says', { mine: me, said: said(false, before), asked: at }, ['other', 'server']],
  ['another’s of this minute', { mine: me, said: said(false, at), asked: at }, ['other', 'server']],
  ['the first, proven', { mine: me, said: said(true, at), asked: at, record: { browser: me, by: 'GLN', at } }, ['first', 'evidence']],
  ['mine, proven', { mine: me, record: { browser: me, by: 'GLN', at: before } }, ['mine', 'evidence']],
  [
    'the server lies, proven',
    { mine: me, said: said(true, at), asked: at, record: { browser: you, by: 'X', at: before } },
    ['other', 'evidence'],
  ],
  [
    'the server warns, proven mine',
    { mine: me, said: said(false, before), record: { browser: me, by: 'X', at: before } },
    ['mine', 'evidence'],
  ],
  // Evidence from before the redemption says nothing against it.
  ['evidence of before', { mine: me, said: said(true, at), asked: at, record: null }, ['first', 'server']],
] as const)('%s', (_, facts, want) => {
  const got = judge(facts)
  expect(got && [got.outcome, got.by]).toEqual(want)
})

test.each([
  null,
  {},
  { first: true },
  { first: 1, at: 1, by: '' },
  { first: true, at: Number.NaN, by: '' },
  { first: true, at: -1, by: '' },
  { first: true, at: 9e15, by: '' },
  { first: true, at: 1, by: 7 },
])('%j is no word on a redemption', (value) => expect(readRedeemed(value)).toBeUndefined())

const code = new Uint8Array(16).fill(7)
const browser = concat(Uint8Array.of(4), new Uint8Array(64).fill(9))

/** A batch of two packs, of which the code is the second's. */
async function coded(): Promise<{ c: Coded; other: Bytes; own: Bytes }> {
  const pack = { gtin: '09521141200018', serial: 'A' }
  const own = mark((await derive(code, pack)).key)
  const other = sha256(Uint8Array.of(1))
  const c: Coded = {
    pack,
    visible: '(01)09521141200018(21)A',
    place: { chain: 'demo', batch: toText(new Uint8Array(32).fill(3)), index: 1n },
    size: 2n,
    root: toText(root([other, own])),
    record: undefined,
  }
  return { c, other, own }
}

interface Asked {
  path: string
  body: unknown
}

/** A world whose server answers so. */
function world(answers: Record<string, [status: number, body: unknown] | 'gone'>): { world: World; asked: Asked[] } {
  const asked: Asked[] = []
  const get = async (path: string, init?: RequestInit) => {
    asked.push({ path, body: init?.body ? JSON.parse(String(init.body)) : undefined })
    const answer = answers[path.split('?')[0] ?? '']
    if (!answer || answer === 'gone') throw new Error('gone')
    return new Response(JSON.stringify(answer[1]), { status: answer[0] })
  }
  return { world: { now: () => at, get: get as typeof fetch, here: 'here', expected: undefined }, asked }
}

const where = (path: Bytes, leaf: Bytes) => ({ chain: 'x', batch: 'x', index: 7, mark: toText(leaf), path: toText(path) })

test('a code is handed in as a proof, and nothing of it goes anywhere', async () => {
  const { c, other, own } = await coded()
  const { world: w, asked } = world({
    '/v1/redeemable': [200, where(other, own)],
    '/v1/redemptions': [200, { first: true, at: at.getTime(), by: 'GLN' }],
  })
  expect(await redeem(c, code, browser, w)).toEqual({ said: { first: true, at, by: 'GLN' } })
  const signer = await derive(code, c.pack)
  expect(asked[1]?.body).toMatchObject({ batch: c.place.batch, index: 1, key: toText(signer.key), browser: toText(browser) })
  const sent = JSON.stringify(asked)
  for (const secret of [toText(code), [...code].join(), '0707', '3GW70Y1R']) expect(sent).not.toContain(secret)
})

test('the second learns when the first was', async () => {
  const { c, other, own } = await coded()
  const problem = { code: 'already_redeemed', detail: '', redeemed: { first: true, at: before.getTime(), by: 'GLN' } }
  const { world: w } = world({ '/v1/redeemable': [200, where(other, own)], '/v1/redemptions': [409, problem] })
  expect(await redeem(c, code, browser, w)).toEqual({ said: { first: false, at: before, by: 'GLN' } })
})

test('a wrong code is found wrong here and not handed in', async () => {
  const { c, other, own } = await coded()
  const { world: w, asked } = world({ '/v1/redeemable': [200, where(other, own)] })
  const got = await redeem(c, new Uint8Array(16).fill(8), browser, w)
  expect(got).toEqual({ standing: { outcome: 'wrong', by: 'evidence' } })
  expect(asked).toHaveLength(1)
})

// Attack: a server calls a good code wrong, or says nothing, or anything.
test('a server cannot call a good code wrong', async () => {
  const { c, other, own } = await coded()
  const path = toText(other)
  const outcomes: [string, [number, unknown] | 'gone', string][] = [
    ['another path', [200, where(own, own)], 'other_path'],
    ['another mark', [200, { mark: toText(other), path: toText(own) }], 'other_path'],
    ['no path', [200, { mark: toText(own) }], 'no_answer'],
    ['half a path', [200, { mark: toText(own), path: path.slice(0, 40) }], 'other_path'],
    ['a path of another script', [200, { mark: toText(own), path: 'ä' }], 'no_answer'],
    ['nothing', 'gone', 'offline'],
    ['no JSON', [200, undefined], 'no_answer'],
    ['busy', [503, { code: 'busy' }], 'busy'],
    ['a verdict of its own', [422, { code: 'bad_code' }], 'bad_code'],
  ]
  for (const [name, answer, why] of outcomes) {
    const { world: w, asked } = world({ '/v1/redeemable': answer })
    expect([name, await redeem(c, code, browser, w)]).toEqual([name, { standing: { outcome: 'cannot', by: 'page', why } }])
    expect(asked).toHaveLength(1)
  }
  for (const [answer, why] of [
    [[422, { code: 'bad_code' }], 'bad_code'],
    [[409, { code: 'already_redeemed' }], 'already_redeemed'],
    [[200, { first: 'yes' }], 'no_answer'],
    ['gone', 'offline'],
  ] as const) {
    const { world: w } = world({ '/v1/redeemable': [200, where(other, own)], '/v1/redemptions': answer as [number, unknown] | 'gone' })
    expect(await redeem(c, code, browser, w)).toEqual({ standing: { outcome: 'cannot', by: 'page', why } })
  }
  // With its own mark for the pack, its path leads to another root.
  const { world: w } = world({ '/v1/redeemable': [200, where(other, sha256(Uint8Array.of(5)))] })
  expect(await redeem(c, new Uint8Array(16), browser, w)).toMatchObject({ standing: { why: 'other_path' } })
})

test('a browser without Ed25519 says so', async () => {
  const { c } = await coded()
  const importKey = crypto.subtle.importKey
  crypto.subtle.importKey = (async (...args: Parameters<typeof importKey>) => {
    if (String(args[2]) === 'Ed25519') throw new DOMException('unknown', 'NotSupportedError')
    return importKey.apply(crypto.subtle, args)
  }) as typeof importKey
  try {
    expect(await redeem(c, code, browser, world({}).world)).toEqual({ standing: { outcome: 'cannot', by: 'page', why: 'no_ed25519' } })
  } finally {
    crypto.subtle.importKey = importKey
  }
})

test('a browser’s key has the name that the ledger gives it', () => {
  expect(nameOfKey(browser)).toBe(toText(sha256(browser)))
})
