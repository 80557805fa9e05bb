import { expect, test } from 'vitest'
import { certified } from './jws'

const part = (v: unknown) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(v))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

test('a certificate is read', () => {
  expect(certified(`${part({ alg: 'ES256' })}.${part({ name: 'Theriacin ü' })}.sig`)).toEqual({ name: 'Theriacin ü' })
})

test.each(['', 'DE/26/1', 'a.b', 'a.b.c', `x.${part([1])}.y`, `x.${part(null)}.y`, 'x.%%%.y', 'a.b.c.d'])(
  '%s is no certificate',
  (text) => {
    expect(certified(text)).toBeUndefined()
  },
)
