import { useEffect, useRef, useState } from 'preact/hooks'
import { onceKey, post } from '../../api/api'
import { checkPack, type World } from '../../verify/check'
import type { Session } from '../screen'
import { keep, type Outside, restore, type Scan, serve } from './counter'
import type { Done } from './shapes'
import { tone } from './sound'

/** The world in which packs are checked here: this server's evidence, this browser's verifier. */
export const world: World = {
  now: () => new Date(),
  get: (input, init) => fetch(input, init),
  here: location.host,
  expected: undefined,
}

const outside: Outside = {
  now: world.now,
  check: async (reading) => (await checkPack(reading, world)).finding,
  dispense: (code, key) => post<Done>('/v1/moves', { packs: [code], from: 'active', to: 'dispensed' }, key),
}

export interface Counter {
  scans: Scan[]
  add: (text: string, caps: boolean) => void
  /** Tries a scan again, under its own key. */
  retry: (scan: Scan) => void
  replace: (scan: Scan) => void
  clear: () => void
}

/** Serves scans one after the other, as they come; the list outlives a reload of the page. */
export function useCounter(session: Session): Counter {
  const place = `theriac.counter.${session.person.id}`
  const [scans, setScans] = useState(() => restore(sessionStorage, place))
  const latest = useRef(scans)
  const queue = useRef(Promise.resolve())
  const gone = useRef(false)
  useEffect(() => {
    gone.current = false
    return () => {
      gone.current = true
    }
  }, [])
  const change = (f: (scans: Scan[]) => Scan[]) => {
    // A screen that was left may still end its scans: what it kept meanwhile counts.
    const stored = restore(sessionStorage, place)
    latest.current = f(stored.length > 0 ? stored : latest.current)
    keep(sessionStorage, place, latest.current)
    // A scan ends although its screen was left: it is kept, and shown later.
    if (!gone.current) setScans(latest.current)
  }
  const replace = (scan: Scan) => change((all) => all.map((s) => (s.key === scan.key ? scan : s)))
  const run = (scan: Scan) => {
    queue.current = queue.current.then(async () => {
      const ended = await serve(scan, latest.current, outside).catch((e): Scan => {
        return { ...scan, end: { kind: 'problem', problem: { code: 'broken', status: 0, words: String(e) } } }
      })
      replace(ended)
      tone(ended.end?.kind === 'done' ? 'good' : 'bad')
    })
  }
  return {
    scans,
    add: (text, caps) => {
      const scan: Scan = { key: onceKey(), text, at: new Date().toISOString(), ...(caps ? { caps } : {}) }
      change((all) => [scan, ...all])
      run(scan)
    },
    retry: ({ end: _, ...scan }) => {
      replace(scan)
      run(scan)
    },
    replace,
    clear: () => change((all) => all.filter((s) => !s.end)),
  }
}
