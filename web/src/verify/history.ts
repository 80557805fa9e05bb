// What was checked on this device, kept only if the person wants it, and nowhere else.
import { forget, keep, kept } from './kept'
import type { Display } from './verdict'

/** A Past is a check that was made here. */
export interface Past {
  code: string
  name: string
  display: Display
  at: string
}

const name = 'history'
const most = 50

/** Returns what is kept, the newest first; undefined while the person does not want it. */
export function history(): Past[] | undefined {
  const list = kept<Past[]>(name)
  return Array.isArray(list) ? list.filter(whole) : undefined
}

/** Leaves out what another program, or an older page, kept under the name. */
const whole = (p: Past): boolean =>
  typeof p?.code === 'string' && typeof p.name === 'string' && typeof p.display === 'string' && !Number.isNaN(Date.parse(p.at))

/** Adds a check, if the person wants them kept; a pack stands once. */
export function remember(past: Past): Past[] | undefined {
  const list = history()
  if (!list) return undefined
  const grown = [past, ...list.filter((p) => p.code !== past.code)].slice(0, most)
  keep(name, grown)
  return grown
}

/** Begins to keep checks, or stops and forgets them. */
export function wantHistory(wanted: boolean): Past[] | undefined {
  if (wanted) keep(name, [])
  else forget(name)
  return history()
}
