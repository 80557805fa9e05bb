import { afterEach, expect, test, vi } from 'vitest'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

// Who chose a language has its dates by it, and by the browser's region if that speaks it.
test.each([
  ['en', 'en-US', 'en-US'],
  ['en', 'en-IE', 'en-IE'],
  ['en', 'en', 'en-GB'],
  ['en', 'de-DE', 'en-GB'],
  ['de', 'en-US', 'de'],
  ['de', 'de-AT', 'de-AT'],
  ['en', 'C', 'en-GB'],
  ['en', 'en-US@posix', 'en-GB'],
  ['en', '', 'en-GB'],
])('%s in a browser of %j is %s', async (chosen, browser, want) => {
  vi.stubGlobal('navigator', { language: browser })
  vi.stubGlobal('localStorage', { getItem: () => chosen })
  const { locale } = await import('./text')
  expect(locale()).toBe(want)
})

test('a day in England has its month in the middle', async () => {
  vi.stubGlobal('navigator', { language: 'en' })
  vi.stubGlobal('localStorage', { getItem: () => null })
  const { when } = await import('./text')
  expect(when(new Date(2026, 10, 21, 14, 5))).toBe('21 Nov 2026, 14:05')
})
