import { expect, test } from 'vitest'
import type { Block } from '../lists'
import { intervals, transactions } from './blocks'

const block = (height: number, time: number, n: number): Block => ({ height, time, transactions: n, bytes: 1, proposer: 'p' })
const found = [block(9, 12_500, 3), block(8, 10_000, 0), block(7, 4_000, 1)]

test('blocks stand from the oldest to the newest', () => {
  expect(transactions(found)).toEqual([
    { label: '7', value: 1 },
    { label: '8', value: 0 },
    { label: '9', value: 3 },
  ])
  expect(found[0]?.height).toBe(9) // the caller's list is as it was
})

test('intervals are between a block and the one before it', () => {
  expect(intervals(found)).toEqual([
    { label: '8', value: 6 },
    { label: '9', value: 2.5 },
  ])
  expect(intervals([])).toEqual([])
  expect(intervals(found.slice(0, 1))).toEqual([])
})
