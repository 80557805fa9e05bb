import { describe, expect, test } from 'vitest'
import { type Code, idle, type Key, press, recover } from './wedge'

const key = (k: string, more: Partial<Key> = {}): Key => ({ key: k, code: '', ctrl: false, alt: false, caps: false, ...more })

/** Types keys as a field and the machine do together, and returns what Enter handed over. */
function type(keys: Key[]): Code[] {
  const out: Code[] = []
  let hand = idle
  let field = ''
  for (const k of keys) {
    const caps = hand.caps
    const m = press(hand, k)
    if (m.insert) field += m.insert
    if (!m.taken && k.key.length === 1) field += k.key
    if (m.end) {
      out.push(recover(field, caps))
      field = ''
    }
    hand = m.hand
  }
  return out
}

const typed = (text: string, more: Partial<Key> = {}) => [...text].map((c) => key(c, more))
const enter = key('Enter')
const code = '0109521141200018172911211 0T1'.replace(' ', '')

describe('keyboard-wedge scanner', () => {
  test('each Enter hands over one code, and nothing of the one before', () => {
    expect(type([...typed('AB1'), enter, ...typed('CD2'), enter])).toEqual([
      { text: 'AB1', caps: false },
      { text: 'CD2', caps: false },
    ])
  })

  test.each([
    ['Control-]', [key(']', { ctrl: true, code: 'BracketRight' })]],
    ['Control and the bracket of another layout', [key('+', { ctrl: true, code: 'BracketRight' })]],
    ['the character itself', [key('\u001d', { ctrl: true })]],
    ['F8', [key('F8', { code: 'F8' })]],
    ['Alt and 029 on the numeric pad', [...'029'].map((d) => key(d, { alt: true, code: `Numpad${d}` }))],
    ['Alt and 0029 on the numeric pad', [...'0029'].map((d) => key(d, { alt: true, code: `Numpad${d}` }))],
  ])('the separator comes as %s', (_, separator) => {
    expect(type([...typed(code), ...separator, ...typed('21X'), enter])).toEqual([{ text: `${code}\u001d21X`, caps: false }])
  })

  test('digits of the numeric pad without Alt are digits', () => {
    expect(type([...'029'].map((d) => key(d, { code: `Numpad${d}` })).concat(enter))).toEqual([{ text: '029', caps: false }])
  })

  test('Alt digits that are broken off do not count later', () => {
    const half = [...'02'].map((d) => key(d, { alt: true, code: `Numpad${d}` }))
    expect(type([...half, ...typed('A'), key('9', { alt: true, code: 'Numpad9' }), enter])).toEqual([{ text: 'A', caps: false }])
  })

  test('CapsLock is undone, with a warning', () => {
    expect(type([...typed('0n77nv', { caps: true }), enter])).toEqual([{ text: '0N77NV', caps: true }])
  })

  test('the next code does not inherit CapsLock', () => {
    expect(type([...typed('ab', { caps: true }), enter, ...typed('ab'), enter])[1]).toEqual({ text: 'ab', caps: false })
  })

  test('digits alone do not ask whether CapsLock is on', () => {
    expect(type([...typed('0123', { caps: true }), enter])).toEqual([{ text: '0123', caps: false }])
  })

  test.each([
    [']D20109521141200018 10t1a', ']d20109521141200018 10T1A'], // turned: the identifier is written small
    [']d20109521141200018 10T1a', ']d20109521141200018 10T1a'], // the scanner made up for it
    ['T1A', 'T1A'],
    ['t1A', 'T1a'],
  ])('with CapsLock on, %s means %s', (raw, meant) => {
    expect(recover(raw, true)).toEqual({ text: meant, caps: true })
  })
})
