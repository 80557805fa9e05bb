import { expect, test } from 'vitest'
import { href, parse } from './route'

test.each([
  ['', '', ''],
  ['#/', '', ''],
  ['#/messages', 'messages', ''],
  ['#/messages/abc', 'messages', 'abc'],
  ['#/certificates/DE%2F26%2F1', 'certificates', 'DE/26/1'],
  ['#/batches/a/b', 'batches', 'a/b'],
  ['#/batches/%', 'batches', '%'],
  ['#invitation=abc', 'invitation=abc', ''],
])('parse(%s)', (hash, path, rest) => {
  expect(parse(hash)).toMatchObject({ path, rest })
})

test.each(['DE/26/1', '50%', 'a b?c#d', 'ä'])('a link to %s leads there', (rest) => {
  const r = parse(href('certificates', rest, { q: '1&2', none: '' }))
  expect(r.rest).toBe(rest)
  expect([...r.query]).toEqual([['q', '1&2']])
})
