import { describe, expect, test } from 'vitest'
import { de as problemDe } from '../../ui/problem.de'
import { en as problemEn } from '../../ui/problem.en'
import { reasonTexts, wordsOf } from './text.reasons'

// Which refusals a measurement may come back with is read off the code that makes
// them, so that a new one without words fails here.
const files = import.meta.glob<string>(
  ['../../../../{genuine,internal/supply,internal/ledger,internal/device,internal/instrument}/*.go', '!**/*_test.go'],
  {
    query: '?raw',
    import: 'default',
    eager: true,
  },
)

const last = (path: string): string => path.split('/').at(-2) ?? ''

/** Refusals by package and name. */
const declared = new Map<string, string>()
for (const [path, text] of Object.entries(files)) {
  for (const [, name, code] of text.matchAll(/(\w+)\s*=\s*refusal\.New\("(\w+)"/g)) declared.set(`${last(path)}.${name}`, code ?? '')
}

/** The codes that a file names. */
function named(file: string): string[] {
  const path = `../../../../${file}`
  return [...(files[path] ?? '').matchAll(/(?:\b(\w+)\.)?\b(Err[A-Z]\w*)\b/g)].flatMap(([, of, name]) => {
    const code = declared.get(`${of ?? last(path)}.${name}`)
    return code ? [code] : []
  })
}

const sources = [
  ...['challenge', 'criterion', 'line'].map((f) => `genuine/${f}.go`),
  ...['identify', 'things', 'marks'].map((f) => `internal/supply/${f}.go`),
  'internal/ledger/marks.go',
]

const codes = new Set([
  ...sources.flatMap(named),
  ...[...declared].filter(([of, code]) => /^(device|instrument)\./.test(of) && code.startsWith('instrument_')).map(([, code]) => code),
  // Of the pack's maker, who says where it stands, and of the line's record.
  'maker_unreachable',
  'unknown_serial',
  'label_mismatch',
  'expiry_mismatch',
  'unknown_line',
])

describe('every refusal of a measurement has words', () => {
  test('the code names them', () => {
    for (const code of [
      'instrument_unstable',
      'not_legitimate',
      'already_verified',
      'wrong_place',
      'superseded',
      'unknown_device',
      'device_unreachable',
      'another_thing',
    ])
      expect(codes).toContain(code)
    for (const source of sources) expect(named(source), source).not.toEqual([])
  })

  test.each([...codes].sort())('%s', (code) => {
    expect(reasonTexts.en).toHaveProperty(`why_${code}`)
    const [en, de] = [wordsOf(code, 'en'), wordsOf(code, 'de')]
    expect(en.why).toBeTruthy()
    expect(de.why).toBeTruthy()
    expect(de.why).not.toBe(en.why)
    expect(en.next).not.toBe(reasonTexts.en.do_other)
    expect(de.next).not.toBe(reasonTexts.de.do_other)
  })
})

test('each reason says what to do next', () => {
  for (const t of [reasonTexts.en, reasonTexts.de]) {
    for (const key of Object.keys(t).filter((k) => k.startsWith('why_'))) expect(t).toHaveProperty(`do_${key.slice(4)}`)
  }
})

test('what a device of a later version says has words, and what nobody knows keeps the server’s', () => {
  expect(wordsOf('instrument_on_fire', 'en').why).toBe(reasonTexts.en.why_instrument_other)
  expect(wordsOf('forbidden', 'de').why).toBe(problemDe.forbidden)
  expect(wordsOf('unreachable', 'en').why).toBe(problemEn.unreachable)
  for (const code of ['no_such_code', 'constructor', '__proto__', ''])
    expect(wordsOf(code, 'en')).toEqual({ why: undefined, next: reasonTexts.en.do_other })
})
