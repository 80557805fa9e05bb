import { expect, test } from 'vitest'
import { type Claims, canonical, lowered, readState, sign, text64, visible } from './report'

const claims: Claims = {
  chain: 'demo',
  code: '(01)09521141200018(21)A',
  iat: 1_795_000_000,
  jti: 'AAECAwQFBgcICQoLDA0ODw',
  kind: 'suspected_fake',
  text: 'Größe stimmt nicht "so"\nzweite Zeile',
  verdict: { code: 'label_mismatch', outcome: 'refused' },
}

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const bytesOf = (text: string) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
const number = (b: Uint8Array) => b.reduce((n, x) => n * 256n + BigInt(x), 0n)

test('a report verifies by the key in its header, with the lower s, and says what was said', async () => {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
  const { x = '', y = '' } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  // Half of all signatures need their twin: none of twenty fails by chance once in a million.
  for (let i = 0; i < 20; i++) {
    const [header = '', payload = '', signature = ''] = (await sign(claims, { key: pair.privateKey, x, y })).split('.')
    expect(new TextDecoder().decode(bytesOf(header))).toBe(
      `{"alg":"ES256","jwk":{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"},"typ":"theriac-report"}`,
    )
    expect(JSON.parse(new TextDecoder().decode(bytesOf(payload)))).toEqual(claims)
    const raw = bytesOf(signature)
    expect(number(raw.subarray(32)) <= order / 2n).toBe(true)
    const signed = new TextEncoder().encode(`${header}.${payload}`)
    expect(await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, pair.publicKey, raw, signed)).toBe(true)
  }
})

test('the lower of two twins stays as it is', () => {
  const low = new Uint8Array(64).fill(1)
  expect(lowered(low)).toBe(low)
  const high = new Uint8Array(64).fill(1)
  high.fill(0xee, 32)
  expect(number(lowered(high).subarray(32))).toBe(order - number(high.subarray(32)))
  expect(lowered(high).subarray(0, 32)).toEqual(high.subarray(0, 32))
})

test('members are sorted and left out where there is nothing', () => {
  expect(canonical({ b: 1, a: { d: 'ü\n', c: undefined } })).toBe('{"a":{"d":"ü\\n"},"b":1}')
})

test('what a screen would hide is taken out', () => {
  expect(visible(' a\u00a0b\u202ec\r\nd\u0000\ud800 ')).toBe('a bc\nd')
})

test('bytes are base64url', () => {
  expect(text64(new Uint8Array([251, 255, 0]))).toBe('-_8A')
})

test.each(['', '[]', '{"id":1}', '{"id":"a","digest":"b","status":"received"}'])('%s is no answer to a report', (text) => {
  expect(readState(new TextEncoder().encode(text))).toBeUndefined()
})

test('whoever has not answered is not said to have received it', () => {
  const text =
    '{"id":"a","digest":"b","status":"under_way","receivers":[{"gln":"1","name":"M","status":"received","leaf":3,"time":1795000000000},{"gln":"2","status":"waiting"},7]}'
  expect(readState(new TextEncoder().encode(text))?.receivers).toEqual([
    { name: 'M', status: 'received', leaf: 3, at: new Date(1_795_000_000_000) },
    { name: '2', status: 'waiting', leaf: 0, at: undefined },
    { name: '', status: '', leaf: 0, at: undefined },
  ])
})
