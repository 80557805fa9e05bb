import { expect, test } from 'vitest'
import { act } from './act'

const words: Record<string, string> = {
  send: 'sent',
  'receipt/1': 'Receipt',
  'release batch': 'batch released',
  active: 'aktiv',
  login: 'logged in',
}
const known = (w: string) => words[w] ?? ''

test.each([
  ['send receipt/1', 'sent: Receipt'],
  ['send other/1', 'sent: other/1'],
  ['release batch', 'batch released'],
  ['active to dispensed', 'aktiv → dispensed'],
  ['login', 'logged in'],
  ['a to b to c', 'a to b to c'],
  ['unheard of', 'unheard of'],
  ['', ''],
])('act(%j)', (action, want) => {
  expect(act(action, known)).toBe(want)
})
