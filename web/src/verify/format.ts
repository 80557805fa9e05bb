// Dates and ages for people, in the language in use.
import { locale } from '../text/text'

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
]

/** Says how long ago something was. A clock that is behind makes it now, not the future. */
export function ago(at: Date, now: Date): string {
  const seconds = Math.max(0, (now.getTime() - at.getTime()) / 1000)
  const format = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' })
  for (const [unit, size] of units) if (seconds >= size) return format.format(-Math.floor(seconds / size), unit)
  return format.format(-Math.floor(seconds), 'second')
}

/** Formats a day as YYYY-MM-DD or RFC 3339, whose month may have no day (YYYY-MM-00). */
export function day(text: string): string {
  const m = /^(\d{4})-(\d{2})-(\d{2})/.exec(text)
  if (!m) return text
  const [year, month, date] = [Number(m[1]), Number(m[2]), Number(m[3])]
  const at = new Date(Date.UTC(year, month - 1, date || 1))
  if (Number.isNaN(at.getTime())) return text
  const shape: Intl.DateTimeFormatOptions = date ? { dateStyle: 'long' } : { year: 'numeric', month: 'long' }
  return new Intl.DateTimeFormat(locale(), { ...shape, timeZone: 'UTC' }).format(at)
}
