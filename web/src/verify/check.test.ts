import { beforeEach, describe, expect, test, vi } from 'vitest'
import { checkFile, checkPack, settle, type World } from './check'
import { forget, keep } from './kept'
import { type Reading, read } from './reading'
import { maxBundle } from './server'
import { pinRoot, readRoot } from './trust'
import { judge } from './verdict'

const files = import.meta.glob<string>('../../../testdata/bundles/*.json', { query: '?raw', import: 'default', eager: true })
const file = (name: string) => {
  const found = files[`../../../testdata/bundles/${name}`]
  if (found === undefined) throw new Error(`no ${name}`)
  return new TextEncoder().encode(found)
}
const genuine = file('genuine.json')
const trust = file('trust.json')
const otherTrust = file('trust-wrong-chain.json')
const now = new Date('2026-11-21T09:00:46Z')
const code = '(01)04000003000010(17)290331(10)L42(21)S000002'

type Answers = Record<string, () => Response | Promise<Response>>
const bytes = (b: Uint8Array) => () => new Response(b as Uint8Array<ArrayBuffer>)
const problem = (status: number, body: string) => () => new Response(body, { status })
const asked: string[] = []

/** A server that answers what a test says; what it does not say is a broken connection. */
function world(answers: Answers, more: Partial<World> = {}): World {
  const get = async (input: unknown) => {
    const path = String(input).split('?')[0] ?? ''
    asked.push(path)
    const answer = answers[path]
    if (!answer) throw new TypeError('connection refused')
    return answer()
  }
  return { now: () => now, get: get as typeof fetch, here: 'verify.example', expected: undefined, ...more }
}

const honest: Answers = { '/v1/trust': bytes(trust), '/v1/bundles': bytes(genuine) }

function packOf(text: string): Extract<Reading, { kind: 'pack' }> {
  const reading = read(text, now)
  if (reading.kind !== 'pack') throw new Error(`${text} is ${reading.kind}`)
  return reading
}

async function shown(text: string, w: World) {
  const { finding } = await checkPack(packOf(text), w)
  return judge(finding)
}

beforeEach(() => {
  forget('trust')
  asked.length = 0
})

describe('checkPack', () => {
  test('an honest server leads to the verdict of the evidence', async () => {
    expect(await shown(code, world(honest))).toMatchObject({ display: 'genuine', by: 'evidence' })
  })

  // Attack: lying server, another pack's evidence.
  test.each([
    '(01)04000003000010(21)S000003',
    '(01)04000003000010(10)L43(21)S000002',
    '(01)04000003000010(17)300331(21)S000002',
    '(01)09521141200018(21)S000002',
  ])('evidence of another pack than %s is refused', async (other) => {
    expect(await shown(other, world(honest))).toMatchObject({ display: 'refused', why: 'label_mismatch', by: 'evidence' })
  })

  test.each<[string, Answers[string], string]>([
    ['nothing', bytes(new Uint8Array()), 'bad_bundle'],
    ['a page', bytes(new TextEncoder().encode('<!doctype html><title>genuine</title>')), 'bad_bundle'],
    ['a verdict', bytes(new TextEncoder().encode('{"verdict":"genuine"}')), 'bad_bundle'],
    ['half a bundle', bytes(genuine.slice(0, 9000)), 'bad_bundle'],
    ['a problem of its own', problem(400, '{"code":"genuine","detail":"<b>Genuine</b>"}'), 'genuine'],
    ['a problem that is none', problem(500, 'boom'), 'no_answer'],
    ['a code with a path in it', problem(404, '{"code":"../constructor"}'), 'no_answer'],
    ['an unknown product', problem(404, '{"code":"not_found","detail":"there is no such thing here"}'), 'not_found'],
    ['too much', () => endless(), 'oversized_answer'],
    ['a broken line', () => Promise.reject(new TypeError('reset')), 'offline'],
  ])('a server that sends %s leads to no verdict', async (_, answer, why) => {
    const result = await shown(code, world({ ...honest, '/v1/bundles': answer }))
    expect(result).toMatchObject({ display: 'cannot_check', why })
  })

  test('a server that denies the serial number warns, by its own word only', async () => {
    const answers = { ...honest, '/v1/bundles': problem(404, '{"code":"unknown_serial","detail":"the packs are not in the batch"}') }
    expect(await shown(code, world(answers))).toMatchObject({ display: 'refused', by: 'server', why: 'unknown_serial' })
  })

  // Attack: lying server, every member of the bundle left out or of another bundle.
  test('a bundle with a changed member is never genuine', async () => {
    const whole = JSON.parse(new TextDecoder().decode(genuine))
    const other = JSON.parse(new TextDecoder().decode(file('batch-recalled.json')))
    let bent = 0
    for (const name of Object.keys(whole)) {
      for (const change of [undefined, null, [], {}, '', other[name]]) {
        if (JSON.stringify(change) === JSON.stringify(whole[name])) continue
        const raw = new TextEncoder().encode(JSON.stringify({ ...whole, [name]: change }))
        const result = await shown(code, world({ ...honest, '/v1/bundles': bytes(raw) }))
        expect(result.display, `${name}: ${JSON.stringify(change)?.slice(0, 40)}`).not.toBe('genuine')
        bent++
      }
    }
    expect(bent).toBeGreaterThan(30)
  })

  test('a label that leads to a stranger is not looked up', async () => {
    const link = 'https://evil.example/01/04000003000010/21/S000002'
    const members = bytes(new TextEncoder().encode('[{"endpoint":"https://maker.example"},{"endpoint":7},null]'))
    expect(await shown(link, world({ ...honest, '/v1/members': members }))).toMatchObject({
      display: 'cannot_check',
      why: 'foreign',
      words: 'evil.example',
    })
    expect(asked).not.toContain('/v1/bundles')
    const own = 'https://maker.example/01/04000003000010/21/S000002'
    expect(await shown(own, world({ ...honest, '/v1/members': members }))).toMatchObject({ display: 'genuine' })
    expect(await shown(own, world(honest))).toMatchObject({ why: 'foreign' })
  })
})

describe('trust', () => {
  test('the first root is pinned, and another one refused from then on', async () => {
    await shown(code, world(honest))
    const swapped = { ...honest, '/v1/trust': bytes(otherTrust) }
    expect(await shown(code, world(swapped))).toMatchObject({ display: 'cannot_check', why: 'other_served' })
    expect(await shown(code, world({ '/v1/trust': bytes(otherTrust) }))).toMatchObject({ why: 'other_served' })
    expect(await shown(code, world({ ...honest, '/v1/trust': bytes(new Uint8Array([1])) }))).toMatchObject({ why: 'other_served' })
    expect(await shown(code, world({ '/v1/bundles': bytes(genuine) }))).toMatchObject({ display: 'genuine' })
  })

  test('a root that the person chose counts instead', async () => {
    await shown(code, world(honest))
    const chosen = await readRoot(otherTrust)
    if (!chosen) throw new Error('no root')
    pinRoot(chosen, 'file', now)
    expect(await shown(code, world(honest))).toMatchObject({ why: 'other_served' })
    expect(await shown(code, world({ ...honest, '/v1/trust': bytes(otherTrust) }))).toMatchObject({
      display: 'refused',
      why: 'not_on_ledger',
    })
  })

  test('a pin that is no JSON is not replaced silently', async () => {
    vi.stubGlobal('localStorage', { getItem: () => '{"text":', setItem: () => undefined, removeItem: () => undefined })
    expect(await settle(world(honest))).toMatchObject({ why: 'other_served', pinnedAs: 'damaged' })
    vi.unstubAllGlobals()
  })

  test('a damaged pin is not replaced silently', async () => {
    for (const pin of [{}, null, { text: '{}' }, { text: 7 }, 'x']) {
      keep('trust', pin)
      expect(await shown(code, world(honest)), JSON.stringify(pin)).toMatchObject({ display: 'cannot_check', why: 'other_served' })
    }
  })

  test('what the address expects binds the first root', async () => {
    const right = (await readRoot(trust))?.fingerprint
    expect(await shown(code, world(honest, { expected: (await readRoot(otherTrust))?.fingerprint }))).toMatchObject({ why: 'other_served' })
    const standing = await settle(world(honest, { expected: right }))
    expect(standing).toMatchObject({ root: { fingerprint: right }, pin: { source: 'link' } })
    expect(await shown(code, world(honest, { expected: 'bad' }))).toMatchObject({ why: 'other_expected' })
  })

  test('without any root nothing is decided', async () => {
    expect(await shown(code, world({ '/v1/bundles': bytes(genuine) }))).toMatchObject({ display: 'cannot_check', why: 'no_trust' })
    expect(await shown(code, world({}))).toMatchObject({ display: 'cannot_check', why: 'offline' })
  })
})

test('a file is verified without the server once a root is pinned', async () => {
  expect(judge((await checkFile(genuine, world({}))).finding)).toMatchObject({ why: 'no_trust' })
  await settle(world(honest))
  asked.length = 0
  expect(judge((await checkFile(genuine, world({}))).finding)).toMatchObject({ display: 'genuine' })
  expect(judge((await checkFile(file('dispensed.json'), world({}))).finding)).toMatchObject({ display: 'dispensed' })
  expect(judge((await checkFile(trust, world({}))).finding)).toMatchObject({ why: 'bad_bundle' })
  expect(asked).toEqual([])
})

/** An answer longer than any bundle; who reads it to its end never ends. */
function endless(): Response {
  const part = new Uint8Array(maxBundle / 4)
  return new Response(new ReadableStream({ pull: (c) => c.enqueue(part) }))
}
