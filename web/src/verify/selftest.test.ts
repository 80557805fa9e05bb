import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import * as known from './known'

// The module remembers what it has found out, so each test has its own.
let page: typeof import('./selftest')
beforeEach(async () => {
  vi.resetModules()
  page = await import('./selftest')
})
afterEach(() => vi.restoreAllMocks())

const yes = async () => 'verified'

test('an honest browser knows the answers', async () => {
  expect(await page.selfTest()).toBe(true)
  expect(await page.ifAble(yes)).toBe('verified')
})

// A browser that passes the first questions, and then takes or refuses every signature.
test.each([true, false])('a browser that says %s to every signature verifies nothing', async (always) => {
  expect(await page.able()).toBe(true)
  vi.spyOn(crypto.subtle, 'verify').mockResolvedValue(always)
  expect(await page.selfTest()).toBe(false)
  expect(await page.able()).toBe(false)
  expect(await page.ifAble(yes)).toBe(undefined)
})

test('a browser that hashes otherwise verifies nothing', async () => {
  vi.spyOn(crypto.subtle, 'digest').mockResolvedValue(new ArrayBuffer(32))
  expect(await page.able()).toBe(false)
  expect(await page.selfTest()).toBe(false)
})

test.each([
  ['other evidence', { ...known, bundle: known.bundle.replace('ASA-7', 'ASA-8') }],
  ['evidence of another chain', { ...known, trust: known.trust.replace('theriac-test', 'theriac-other') }],
  ['evidence without a signature', { ...known, bundle: '{}' }],
])('%s is no known answer', async (_, bent) => {
  expect(await page.selfTest(async () => bent)).toBe(false)
})

test('evidence that does not come says nothing about the browser', async () => {
  expect(await page.selfTest(() => Promise.reject(new TypeError('offline')))).toBe(true)
})

/** A gate is a promise that a test opens. */
function gate<T>() {
  let open: (value: T) => void = () => undefined
  const passed = new Promise<T>((done) => (open = done))
  return { passed, open }
}

test('a pack waits for a test that has begun, and for none that has not', async () => {
  const done: string[] = []
  const note = (what: string) => () => done.push(what)
  const [evidence, second, verifies] = [gate<typeof known>(), gate<string>(), gate<void>()]
  const tested = page.selfTest(() => evidence.passed).then(note('test'))
  await page.ifAble(yes).then(note('first pack'))
  // The second is being verified when the evidence comes: it goes first.
  const verify = crypto.subtle.verify.bind(crypto.subtle)
  const spy = vi.spyOn(crypto.subtle, 'verify').mockImplementation(async (...args) => {
    await verifies.passed
    return verify(...args)
  })
  const begun = gate<void>()
  const slow = page.ifAble(() => {
    begun.open()
    return second.passed
  })
  await begun.passed
  evidence.open(known)
  await new Promise((turn) => setTimeout(turn)) // all that can go on has gone on
  expect(spy).not.toHaveBeenCalled()
  second.open('verified')
  await slow.then(note('second pack'))
  await vi.waitFor(() => expect(spy).toHaveBeenCalled())
  const third = page.ifAble(yes).then(note('third pack'))
  expect(done).toEqual(['first pack', 'second pack'])
  verifies.open()
  await Promise.all([tested, third])
  expect(done.length).toBe(4)
  expect(await page.able()).toBe(true)
})

test('a pack has no verdict while a test that has begun fails', async () => {
  const verifies = gate<void>()
  await page.able()
  const spy = vi.spyOn(crypto.subtle, 'verify').mockImplementation(async () => {
    await verifies.passed
    return true
  })
  const tested = page.selfTest()
  await vi.waitFor(() => expect(spy).toHaveBeenCalled())
  const pack = page.ifAble(yes)
  verifies.open()
  expect(await pack).toBe(undefined)
  expect(await tested).toBe(false)
})
