import { expect, test } from 'vitest'
import { idleAfter, Watch } from './idle'

test('who does nothing for half an hour is gone; who does something is not', () => {
  const w = new Watch(1000)
  expect(w.gone(1000 + idleAfter - 1)).toBe(false)
  w.touch(1000 + idleAfter - 1)
  expect(w.gone(1000 + idleAfter)).toBe(false)
  expect(w.gone(1000 + 2 * idleAfter - 1)).toBe(true)
})
