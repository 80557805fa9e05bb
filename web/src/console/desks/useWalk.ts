import { useEffect, useReducer, useRef, useState } from 'preact/hooks'
import { onceKey, post } from '../../api/api'
import { asProblem } from '../../ui/load'
import type { Session } from '../screen'
import { type Bench, type End, keepOpen, next, type Open, restoreBench, restoreOpen, start, unsure, type Walk } from './measuring'
import type { Done, Registration } from './shapes'
import { tone } from './sound'

/** A Measured is a thing that this visit is done with. */
export interface Measured {
  key: string
  code: string
  end: End
}

export interface Walking {
  walk: Walk
  bench: Bench
  /** Takes where it is measured, and goes on. */
  placed: (b: Bench) => void
  past: Measured[]
  scanned: (code: string) => void
  change: () => void
  measure: () => void
  cancel: () => void
  again: () => void
  next: () => void
}

async function ask(open: Open, signal: AbortSignal): Promise<End> {
  const body = { code: open.code, ...open.at, ...(open.registration ? { registration: open.registration } : {}) }
  try {
    const done = await post<Done>('/v1/measurements', body, open.key, signal)
    return { kind: 'genuine', done, at: new Date().toISOString() }
  } catch (e) {
    const at = new Date().toISOString()
    if (signal.aborted) return { kind: 'cancelled', at }
    const { code, status, message } = asProblem(e)
    return { kind: 'refused', code, status, words: message, at }
  }
}

/** The measurements of a person's whose answers are not known. */
function useOpen(session: Session, registration: string) {
  const place = `theriac.measuring.${session.person.id}`
  const all = useRef<Open[]>(undefined)
  all.current ??= restoreOpen(sessionStorage, place)
  const change = (open: Open[]) => {
    all.current = open
    keepOpen(sessionStorage, place, open)
  }
  const others = (key: string) => (all.current ?? []).filter((o) => o.key !== key)
  return {
    find: (code: string) => all.current?.find((o) => o.code === code && o.registration === registration),
    add: (open: Open) => change([open, ...others(open.key)]),
    close: (key: string) => change(others(key)),
  }
}

/** Runs walks, one after the other, and remembers where they are measured. */
export function useWalk(session: Session, devices: string[], registration: Registration | undefined, then: () => void): Walking {
  const place = `theriac.bench.${session.person.id}`
  const [walk, act] = useReducer(next, start)
  const [{ bench, sure }, setBench] = useState(() => restoreBench(localStorage, place, devices, session.organisation.gln))
  const [past, setPast] = useState<Measured[]>([])
  const id = registration?.id ?? ''
  const open = useOpen(session, id)
  const running = useRef<AbortController>(undefined)
  // Whoever leaves the screen does not wait for an answer either.
  useEffect(() => () => running.current?.abort(), [])
  const measure = async () => {
    if (walk.step !== 'ready' || running.current) return
    const control = new AbortController()
    running.current = control
    act({ type: 'measure', bench })
    const asked: Open = { registration: id, code: walk.code, key: walk.key, at: walk.at ?? bench }
    open.add(asked)
    const end = await ask(asked, control.signal)
    running.current = undefined
    if (!unsure(end)) open.close(walk.key)
    act({ type: 'ended', key: walk.key, end })
    setPast((all) => [{ key: walk.key, code: walk.code, end }, ...all.filter((m) => m.key !== walk.key)])
    if (end.kind === 'cancelled') return
    tone(end.kind === 'genuine' ? 'good' : 'bad')
    then()
  }
  return {
    walk,
    bench,
    placed: (b) => {
      setBench({ bench: b, sure: true })
      act({ type: 'placed' })
      try {
        localStorage.setItem(place, JSON.stringify(b))
      } catch {
        // It lasts as long as the page then.
      }
    },
    past,
    scanned: (code) => {
      const before = open.find(code)
      act({ type: 'scanned', code, key: before?.key ?? onceKey(), sure, ...(before ? { at: before.at } : {}) })
    },
    change: () => act({ type: 'change' }),
    measure: () => void measure(),
    cancel: () => running.current?.abort(),
    again: () => act({ type: 'again', key: onceKey() }),
    next: () => act({ type: 'next' }),
  }
}
