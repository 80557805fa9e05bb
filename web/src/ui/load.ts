// Asking for what a screen shows: loading, shown, failed, again.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { onceKey, Problem, unreachable } from '../api/api'

export interface Loaded<T> {
  data: T | undefined
  /** Why the last asking failed; data may be there from before. */
  error: Problem | undefined
  busy: boolean
  again: () => void
}

/** Returns any error as a problem. */
export function asProblem(e: unknown): Problem {
  return e instanceof Problem ? e : new Problem(unreachable, 0, e instanceof Error ? e.message : String(e))
}

/**
 * Asks when the screen comes, when one of deps changes, and, if every is given,
 * each so many milliseconds while the page can be seen.
 */
export function useLoad<T>(ask: () => Promise<T>, deps: readonly unknown[], every = 0): Loaded<T> {
  const [state, set] = useState<{ data?: T; error?: Problem; busy: boolean }>({ busy: true })
  const [turn, setTurn] = useState(0)
  const latest = useRef(ask)
  latest.current = ask
  const asking = useRef(0)
  // What depended on something else is no longer true.
  useEffect(() => set({ busy: true }), deps)
  useEffect(() => {
    let over = false
    set((s) => ({ ...s, busy: true }))
    asking.current++
    latest
      .current()
      .then(
        (data) => over || set({ data, busy: false }),
        (e) => over || set((s) => ({ ...s, error: asProblem(e), busy: false })),
      )
      .finally(() => {
        asking.current--
      })
    return () => {
      over = true
    }
  }, [...deps, turn])
  const again = useCallback(() => setTurn((n) => n + 1), [])
  // A server slower than the clock is not asked again before it answered.
  const refresh = useCallback(() => (asking.current === 0 ? again() : undefined), [again])
  useWhileSeen(refresh, every)
  return { data: state.data, error: state.error, busy: state.busy, again }
}

/** Calls do each so many milliseconds, and when the page is seen again, but never while it is hidden. 0: never. */
export function useWhileSeen(act: () => void, every: number): void {
  useEffect(() => {
    if (every <= 0) return
    const tick = () => document.visibilityState === 'visible' && act()
    const timer = setInterval(tick, every)
    document.addEventListener('visibilitychange', tick)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', tick)
    }
  }, [act, every])
}

export interface Page<T> {
  items: T[] | null
  next?: string
}

export interface Paged<T> extends Loaded<T[]> {
  /** Asks for the next page; undefined at the end. */
  more: (() => void) | undefined
}

/** Asks for a list page by page; the pages stay. */
export function usePages<T>(ask: (cursor: string | undefined) => Promise<Page<T>>, deps: readonly unknown[]): Paged<T> {
  const [items, setItems] = useState<T[]>()
  const [cursor, setCursor] = useState<string>()
  const [asked, setAsked] = useState<string>()
  useEffect(() => {
    setItems(undefined)
    setAsked(undefined)
  }, deps)
  const page = useLoad(() => ask(asked).then((p) => ({ at: asked, ...p })), [...deps, asked])
  useEffect(() => {
    const p = page.data
    if (!p || p.at !== asked) return
    setItems((before) => (p.at === undefined ? (p.items ?? []) : [...(before ?? []), ...(p.items ?? [])]))
    setCursor(p.next || undefined)
  }, [page.data, asked])
  const more = cursor && cursor !== asked ? () => setAsked(cursor) : undefined
  const again = () => (asked === undefined ? page.again() : setAsked(undefined))
  return { data: items, error: page.error, busy: page.busy, again, more }
}

export interface Sending {
  send: () => void
  busy: boolean
  error: Problem | undefined
}

/** Says whether a refusal says nothing of the request itself: the same one may be sent again. */
export const passing = (p: Pick<Problem, 'status' | 'code'>): boolean =>
  p.status === 0 || p.status >= 500 || p.status === 429 || p.status === 401 || p.code === 'in_progress'

/**
 * Sends a change. Its key is made when the form opens, so that pressing twice or
 * a lost answer does it once; a request that was refused and is corrected is
 * another one, with a key of its own.
 */
export function useSend<R>(ask: (key: string) => Promise<R>, done: (result: R) => void): Sending {
  const key = useRef<string>('')
  if (!key.current) key.current = onceKey()
  const running = useRef(false)
  const [state, set] = useState<{ busy: boolean; error?: Problem }>({ busy: false })
  const send = async () => {
    if (running.current) return
    running.current = true
    set({ busy: true })
    try {
      const result = await ask(key.current)
      set({ busy: false })
      done(result)
    } catch (e) {
      const error = asProblem(e)
      if (!passing(error)) key.current = onceKey()
      set({ busy: false, error })
    } finally {
      running.current = false
    }
  }
  return { send: () => void send(), busy: state.busy, error: state.error }
}
