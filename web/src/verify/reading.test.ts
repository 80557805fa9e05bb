import { expect, test } from 'vitest'
import { again, codeOfAddress, foreign, read } from './reading'

const now = new Date('2026-11-21T10:00:00Z')
const pack = { gtin: '09521141200018', serial: 'YTS96KFP0MFW45QY' }

test.each([
  '(01)09521141200018(21)YTS96KFP0MFW45QY',
  ' (01)09521141200018(21)YTS96KFP0MFW45QY\n',
  ']d2010952114120001821YTS96KFP0MFW45QY',
  'https://id.gs1.org/01/09521141200018/21/YTS96KFP0MFW45QY',
  ']Q1https://id.gs1.org/01/09521141200018/21/YTS96KFP0MFW45QY',
])('%s names a pack, and is asked for in one form', (text) => {
  expect(read(text, now)).toMatchObject({ kind: 'pack', label: pack, code: '(01)09521141200018(21)YTS96KFP0MFW45QY' })
})

test('what the label says beside its name is compared, too', () => {
  const text = '(01)09521141200018(17)291121(10)T1(21)A'
  expect(read(text, now)).toMatchObject({ label: { lot: 'T1', expiry: '2029-11-21' }, code: text })
})

test.each(
  [
    ['', 'unreadable'],
    ['hello', 'unreadable'],
    ['<script>alert(1)</script>', 'unreadable'],
    ['javascript:alert(1)', 'unreadable'],
    ['(01)09521141200019(21)A', 'unreadable'],
    ['(21)A', 'unreadable'],
    ['https://user@id.gs1.org/01/09521141200018/21/A', 'unreadable'],
    ['https://id.gs1.org/01/09521141200018/21/A/01/09521141200025', 'unreadable'],
    ['9'.repeat(5_000_000), 'unreadable'],
    ['(01)09521141200018(21)'.padEnd(2001, 'A'), 'unreadable'],
    ['9521141200018', 'no_serial'],
    ['(01)09521141200018(10)T1', 'no_serial'],
    ['(00)395211410000000015', 'container'],
  ].map(([text = '', kind]) => [text.slice(0, 40), kind, text]),
)('%s is %s', (_, kind, text) => {
  expect(read(text ?? '', now).kind).toBe(kind)
})

test.each([
  ['', false],
  ['id.gs1.org', false],
  ['verify.example', false],
  ['maker.example:8443', false],
  ['maker.example', true],
  ['evil.example', true],
  ['verify.example.evil.example', true],
  ['xid.gs1.org', true],
])('host %s is foreign: %s', (host, want) => {
  expect(foreign(host, 'Verify.example', ['https://maker.example:8443/', 'no address', 'javascript:alert(1)'])).toBe(want)
})

// Attack: a label that leads elsewhere, checked again from the verdict or the history.
test.each([
  ' https://evil.example/01/09521141200018/21/YTS96KFP0MFW45QY\n',
  ']Q1https://evil.example/01/09521141200018/21/YTS96KFP0MFW45QY',
  'https://verify.example/01/09521141200018/21/YTS96KFP0MFW45QY',
  '(01)09521141200018(21)YTS96KFP0MFW45QY',
])('%s stays what it is when it is checked again', (text) => {
  const first = read(text, now)
  if (first.kind !== 'pack') throw new Error(first.kind)
  const second = read(again(text, first, 'verify.example'), now)
  if (second.kind !== 'pack') throw new Error(second.kind)
  expect(second).toMatchObject({ label: first.label, code: first.code })
  expect(foreign(second.host, 'verify.example', [])).toBe(foreign(first.host, 'verify.example', []))
})

test('the address of the page is a code only where a label leads', () => {
  const origin = 'https://verify.example'
  expect(codeOfAddress(origin, '/01/09521141200018/21/A', '?17=291121')).toBe(`${origin}/01/09521141200018/21/A?17=291121`)
  expect(codeOfAddress(origin, '/', '')).toBeUndefined()
  expect(codeOfAddress(origin, '/console.html', '')).toBeUndefined()
})
