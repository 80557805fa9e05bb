// The words of a check. The verifier says which it made, with what result and on
// what; all words are the page's.
import { count, when } from '../text/text'
import type { Check, Facts, Value } from '../verifier'
import { day } from './format'
import { lot, nameOf } from './PackView'
import { type Text, textOf } from './text'

/** Says a value as people read it: a member by name. */
function sayValue(value: Value, facts: Facts): string {
  if (typeof value === 'number') return count(value)
  if (value instanceof Date) return when(value)
  if (value.startsWith('https://id.gs1.org/')) return lot(value)
  return /^\d{4}-\d\d-\d\d$/.test(value) ? day(value) : nameOf(facts, value)
}

/** Says a check in one sentence; of one that failed the reason, then what it is about. */
export function sayCheck(check: Check, facts: Facts, text: Text): string {
  const [first, ...others] = check.values
  const values = others.map((v) => sayValue(v, facts))
  // What is about a message begins with its type.
  const message = check.ok && check.check !== 'exchange' ? '' : `msg_${String(first).replace('/1', '')}`
  if (Object.hasOwn(text, message)) values.unshift(textOf(text, message, '', 'msg_dispatch'))
  else if (first !== undefined) values.unshift(sayValue(first, facts))
  const key = `check_${check.check}`
  const found = check.ok && Object.hasOwn(text, key) ? text[key as keyof Text] : undefined
  if (typeof found === 'function') return (found as (...v: string[]) => string)(...values)
  const why = check.ok ? check.check : textOf(text, 'why_', check.check, 'why_refused')
  return values.length > 0 ? `${why} (${values.join(', ')})` : why
}
