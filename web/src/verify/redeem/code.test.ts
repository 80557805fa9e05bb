import { expect, test } from 'vitest'
import { fromText, toText, utf8 } from '../../verifier/bytes'
import { cutCode } from '../reading'
import { derive, mark, parseCode, redeemed } from './code'

interface Vectors {
  typed: { text: string; code?: string }[]
  cut: { text: string; link: string; code?: string }[]
  redeems: {
    printed: string
    chain: string
    gtin: string
    serial: string
    batch: string
    index: number
    browser: string
    key: string
    mark: string
    signed: string
    proof: string
  }[]
}

// Made by Go (genuine, TestGoldenCodes).
const files = import.meta.glob<string>('../../../../testdata/genuine/codes.json', { query: '?raw', import: 'default', eager: true })
const vectors = JSON.parse(Object.values(files)[0] ?? '') as Vectors

test('a code is read as Go reads it', () => {
  expect(vectors.typed.length).toBeGreaterThan(10)
  for (const { text, code } of vectors.typed) {
    const got = parseCode(text)
    expect([text, got && toText(got)]).toEqual([text, code])
  }
  expect(parseCode('000000000000000000000000ß')).toBeUndefined()
})

test('a code is cut off what was scanned as Go cuts it', () => {
  expect(vectors.cut.length).toBeGreaterThan(5)
  for (const { text, link, code } of vectors.cut) {
    const got = cutCode(text)
    expect([text, got.code ?? '']).toEqual([text, code ?? ''])
    // The page keeps what else a fragment says: it may name the root of trust.
    if (!text.includes('d=1')) expect([text, got.text]).toEqual([text, link])
  }
  expect(cutCode('#trust=x&c=1')).toEqual({ text: '#trust=x', code: '1' })
  expect(cutCode('https://a/01/1#d=1&c=X&c=Y')).toEqual({ text: 'https://a/01/1#d=1', code: 'X' })
})

test('what is derived from a code, and signed with it, is what Go derives and signs', async () => {
  expect(vectors.redeems.length).toBeGreaterThan(2)
  for (const v of vectors.redeems) {
    const code = parseCode(v.printed)
    if (!code) throw new Error(v.printed)
    const signer = await derive(code, v)
    const message = redeemed({ ...v, index: BigInt(v.index) }, fromText(v.browser))
    expect(toText(signer.key)).toBe(v.key)
    expect(toText(mark(signer.key))).toBe(v.mark)
    expect(toText(message)).toBe(v.signed)
    expect(toText(await signer.sign(message))).toBe(v.proof)
  }
})

// Attack: redeem with what anybody reads on the pack.
test('no key of a code follows from the visible code', async () => {
  for (const v of vectors.redeems) {
    for (const guess of [new Uint8Array(16), utf8(v.serial.padEnd(16, '0').slice(0, 16)), utf8(v.gtin.padEnd(16, '0'))]) {
      expect(toText(mark((await derive(guess, v)).key))).not.toBe(v.mark)
    }
    const code = parseCode(v.printed)
    if (!code) throw new Error(v.printed)
    // Nor of another pack's code.
    expect(toText(mark((await derive(code, { ...v, serial: `${v.serial}0` })).key))).not.toBe(v.mark)
  }
})
