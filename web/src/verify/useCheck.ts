import { useCallback, useEffect, useReducer, useRef, useState } from 'preact/hooks'
import { checkFile, checkPack, type Standing, type World, weigh } from './check'
import { again, read } from './reading'
import { able, selfTest } from './selftest'
import { maxBundle } from './server'
import { type Act, type Finding, idle, next, type State, unread } from './verdict'

/** How often what is on the screen is verified again: evidence grows old while one looks. */
const aging = 60_000

export interface Checks {
  state: State
  standing: Standing | undefined
  setStanding: (s: Standing) => void
  /** Takes what the person chose to believe, and drops a check under what counted before. */
  choose: (s: Standing) => void
  check: (text: string) => void
  open: (file: File) => void
  clear: () => void
}

/** Runs checks, one that counts at a time, and keeps the verdict true while it is shown. */
export function useCheck(world: World): Checks {
  const [state, act] = useReducer(next, idle)
  const [standing, setStanding] = useState<Standing>()
  const turn = useRef(0)

  const run = useCallback(
    async (work: () => Promise<{ finding: Finding; standing?: Standing }>) => {
      const mine = ++turn.current
      const done = await work().catch((err): { finding: Finding; standing?: Standing } => ({
        finding: { kind: 'page', why: 'broken', detail: String(err) },
      }))
      if (done.standing && mine === turn.current) setStanding(done.standing)
      act({ type: 'found', turn: mine, finding: done.finding, at: world.now() })
    },
    [world],
  )

  const check = useCallback(
    (text: string) => {
      const reading = read(text, world.now())
      if (reading.kind !== 'pack') {
        act({ type: 'check', code: text.slice(0, 500) })
        run(async () => ({ finding: unread(reading) }))
        return
      }
      act({ type: 'check', code: again(text, reading, world.here), label: reading.label })
      run(() => checkPack(reading, world))
    },
    [world, run],
  )

  const open = useCallback(
    (file: File) => {
      act({ type: 'check', code: '' })
      run(async () =>
        file.size > maxBundle
          ? { finding: { kind: 'page', why: 'bad_bundle' } }
          : checkFile(new Uint8Array(await file.arrayBuffer()), world),
      )
    },
    [world, run],
  )

  const clear = useCallback(() => {
    turn.current++
    act({ type: 'clear' })
  }, [])

  const choose = useCallback(
    (s: Standing) => {
      if (state.checking) clear()
      setStanding(s)
    },
    [state.checking, clear],
  )

  useSelfTest(act)
  useAging(world, state, standing, act)
  return { state, standing, setStanding, choose, check, open, clear }
}

/** Tries the verifier once the page is there and has nothing else to do. What it showed until then is void if it fails. */
function useSelfTest(act: (a: Act) => void) {
  useEffect(() => {
    const test = async () => (await selfTest()) || act({ type: 'void', why: 'no_crypto' })
    const later = setTimeout(able)
    if (!('requestIdleCallback' in window)) {
      const timer = setTimeout(test, 200)
      return () => [later, timer].forEach(clearTimeout)
    }
    const idle = requestIdleCallback(test, { timeout: 1000 })
    return () => {
      clearTimeout(later)
      cancelIdleCallback(idle)
    }
  }, [act])
}

/** Verifies again what is on the screen, as it grows old and when the root of trust changes. */
function useAging(world: World, state: State, standing: Standing | undefined, act: (a: Act) => void) {
  const under = useRef<string>(undefined)
  const evidence = state.result?.evidence
  const root = standing?.root
  useEffect(() => {
    if (!evidence || !standing) return
    if (!root) {
      under.current = undefined
      act({ type: 'void', why: standing.why ?? 'no_trust' })
      return
    }
    let over = false
    const verifyAgain = async () => {
      if (document.visibilityState !== 'visible') return
      const finding = await weigh(evidence.raw, root, world.now(), state.label)
      // Meanwhile another root may count, or another pack be shown.
      if (over) return
      if (finding.kind === 'evidence') act({ type: 'aged', evidence: finding.evidence })
      else if (finding.kind === 'page') act({ type: 'void', why: finding.why })
    }
    // The person chose another root: what was verified under the one before is void.
    if (under.current !== undefined && under.current !== root.fingerprint) verifyAgain()
    under.current = root.fingerprint
    const timer = setInterval(verifyAgain, aging)
    document.addEventListener('visibilitychange', verifyAgain)
    return () => {
      over = true
      clearInterval(timer)
      document.removeEventListener('visibilitychange', verifyAgain)
    }
  }, [evidence, standing, state.label, world])
}

/** The time, and again every half minute, so that ages on the screen are true. */
export function useNow(world: World): Date {
  const [now, setNow] = useState(world.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(world.now()), 30_000)
    return () => clearInterval(timer)
  }, [world])
  return now
}

/** Loads part of the page when it is wanted. */
export function useLoaded<T>(wanted: boolean, load: () => Promise<T>): T | 'failed' | undefined {
  const [part, setPart] = useState<{ loaded: T } | 'failed'>()
  useEffect(() => {
    if (!wanted || (part && part !== 'failed')) return
    setPart(undefined)
    load().then(
      (loaded) => setPart({ loaded }),
      () => setPart('failed'),
    )
  }, [wanted])
  return part === 'failed' || part === undefined ? part : part.loaded
}
