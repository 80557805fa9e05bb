import { expect, test } from 'vitest'
import { certified } from './jws'

const part = (v: unknown) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(v))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

test('a certificate is read', () => {
  const says = {
    '@context': 'x',
    credentialSubject: { name: 'Theriacin ü' },
    issuer: 'https://id.gs1.org/417/9521141001011',
    validUntil: '2031',
  }
  expect(certified(`${part({ alg: 'ES256' })}.${part(says)}.sig`)).toEqual({
    name: 'Theriacin ü',
    issuer: '9521141001011',
    validUntil: '2031',
  })
})

test.each(['', 'DE/26/1', 'a.b', 'a.b.c', `x.${part([1])}.y`, `x.${part({ name: 1 })}.y`, `x.${part(null)}.y`, 'x.%%%.y', 'a.b.c.d'])(
  '%s is no certificate',
  (text) => {
    expect(certified(text)).toBeUndefined()
  },
)
