import { expect, test } from 'vitest'
import { choose, expectedOf } from './trust'

const all = [undefined, 'A', 'B', 'bad', 'damaged']

test.each([
  // pinned, served, expected, want
  [undefined, undefined, undefined, 'none'],
  [undefined, 'A', undefined, 'served'],
  ['A', 'A', undefined, 'pinned'],
  ['A', undefined, undefined, 'pinned'],
  ['A', 'B', undefined, 'other_served'],
  ['A', 'bad', undefined, 'other_served'],
  [undefined, 'A', 'A', 'served'],
  [undefined, 'B', 'A', 'other_served'],
  [undefined, undefined, 'A', 'none'],
  ['A', 'A', 'A', 'pinned'],
  ['A', undefined, 'A', 'pinned'],
  ['B', 'A', 'A', 'other_expected'],
  ['A', 'A', 'B', 'other_expected'],
  ['A', 'B', 'A', 'other_served'],
  [undefined, 'A', 'bad', 'other_served'],
  ['A', 'A', 'bad', 'other_expected'],
] as const)('pinned %s, served %s, expected %s: %s', (pinned, served, expected, want) => {
  expect(choose(pinned, served, expected)).toBe(want)
})

test('whatever comes together, a root counts only if nothing contradicts it', () => {
  for (const pinned of all)
    for (const served of all)
      for (const expected of all) {
        const choice = choose(pinned, served, expected)
        const used = choice === 'pinned' ? pinned : choice === 'served' ? served : undefined
        if (used === undefined) continue
        for (const other of [pinned, served, expected]) expect([undefined, used]).toContain(other)
      }
})

test.each([
  ['', undefined],
  ['#other=1', undefined],
  ['#trust=oIFuvXeNuAdknJ0F3AepHgkvuGMGPTdbhDi9crnzR_A', 'oIFuvXeNuAdknJ0F3AepHgkvuGMGPTdbhDi9crnzR_A'],
  ['#trust=', 'bad'],
  ['#trust=oIFu', 'bad'],
  ['#trust=oIFuvXeNuAdknJ0F3AepHgkvuGMGPTdbhDi9crnzR_A=', 'bad'],
])('the fragment %s expects %s', (fragment, want) => {
  expect(expectedOf(fragment)).toBe(want)
})
