import { afterEach, expect, test } from 'vitest'
import { history, type Past, remember, wantHistory } from './history'
import { forget, keep } from './kept'

const past = (code: string): Past => ({ code, name: 'Theriacin', display: 'genuine', at: '2026-11-21T10:00:00Z' })

afterEach(() => forget('history'))

test('nothing is kept unless it is wanted, and nothing after it is not', () => {
  expect(remember(past('A'))).toBeUndefined()
  wantHistory(true)
  expect(remember(past('A'))).toEqual([past('A')])
  wantHistory(false)
  expect(history()).toBeUndefined()
})

test('a pack stands once, the newest first, and at most fifty', () => {
  wantHistory(true)
  for (let i = 0; i < 60; i++) remember(past(String(i)))
  remember(past('58'))
  const codes = history()?.map((p) => p.code)
  expect(codes?.slice(0, 3)).toEqual(['58', '59', '57'])
  expect(codes?.length).toBe(50)
})

test('what is damaged is left out', () => {
  keep('history', [null, 7, {}, { ...past('A'), at: 'never' }, past('B')])
  expect(history()).toEqual([past('B')])
})
