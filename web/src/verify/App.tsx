import { useEffect, useRef, useState } from 'preact/hooks'
import { elementString } from '../gs1/gs1'
import { Button } from '../ui/Button'
import { LanguageSwitch } from '../ui/LanguageSwitch'
import { Notice } from '../ui/Notice'
import { Theme } from '../ui/Theme'
import { register } from '../worker/register'
import { AboutDialog } from './AboutDialog'
import { AlertsView } from './AlertsView'
import { ChecksView } from './ChecksView'
import type { World } from './check'
import { EntryForm } from './EntryForm'
import { HistoryView } from './HistoryView'
import { history, remember, wantHistory } from './history'
import { MeasuredView } from './MeasuredView'
import { PackView } from './PackView'
import { RedeemedView } from './RedeemedView'
import { cutCode } from './reading'
import { TakeView } from './TakeView'
import { TrustDialog } from './TrustDialog'
import { type Text, useVerifyText } from './text'
import { type Checks, useCheck, useLoaded, useNow } from './useCheck'
import { VerdictView, wordOf } from './VerdictView'
import type { Evidence, State } from './verdict'
import { WayView } from './WayView'

type Open = 'scanner' | 'trust' | 'about' | 'report' | undefined

/** The verify page. `first` is the code that its address holds, `behind` the concealed one that stood behind #. */
export function App({ world, first, behind }: { world: World; first: string | undefined; behind: string | undefined }) {
  const text = useVerifyText()
  const checks = useConcealed(useCheck(world), behind)
  const [open, setOpen] = useState<Open>()
  const [accept, setAccept] = useState<() => void>()
  const { state } = checks
  useEffect(() => {
    // Without a worker the page works all the same, as long as it is open.
    register((take) => setAccept(() => take)).catch(() => undefined)
  }, [])
  useEffect(() => {
    document.title = `Theriac: ${text.title}`
  }, [text])
  useEffect(() => {
    if (first) checks.again(first)
  }, [])
  return (
    <>
      {/* No link: the address keeps its fragment, which can name the root of trust. */}
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        {text.skip}
      </button>
      <header class="top">
        <Brand onHome={checks.clear} />
        <LanguageSwitch />
        <Theme />
      </header>
      <main id="main" tabIndex={-1}>
        <h1 class={state.result ? 'small' : undefined}>{text.title}</h1>
        {!state.result && <p class="lead">{text.intro}</p>}
        <Live text={text} state={state} />
        {state.result ? (
          <Shown checks={checks} world={world} text={text} onOpen={setOpen} />
        ) : (
          <EntryForm text={text} busy={state.checking} onScan={() => setOpen('scanner')} onCheck={checks.check} />
        )}
        <Past checks={checks} text={text} />
        {accept && (
          <Notice look="plain" title={text.aboutWaiting}>
            <Button id="update" onClick={accept}>
              {text.aboutReload}
            </Button>
          </Notice>
        )}
      </main>
      <Foot checks={checks} text={text} onOpen={setOpen} />
      <Dialogs open={open} world={world} checks={checks} text={text} accept={accept} onClose={() => setOpen(undefined)} />
    </>
  )
}

interface Concealing extends Checks {
  /** What is under the coating of the pack that is checked, if it was scanned. */
  concealed: string | undefined
  /** Checks the same pack again. */
  again: (text: string) => void
}

/** Keeps what is under a coating apart from what is asked, shown and remembered. */
function useConcealed(checks: Checks, behind: string | undefined): Concealing {
  const [concealed, setConcealed] = useState(behind)
  // What is under one pack's coating must not be offered for another.
  const check = (text: string) => {
    const cut = cutCode(text)
    setConcealed(cut.code)
    checks.check(cut.text)
  }
  const open = (file: File) => {
    setConcealed(undefined)
    checks.open(file)
  }
  const clear = () => {
    setConcealed(undefined)
    checks.clear()
  }
  return { ...checks, check, open, clear, concealed, again: checks.check }
}

/** Leads to the start. What the address expects of the root of trust goes along. */
function Brand({ onHome }: { onHome: () => void }) {
  const home = (e: MouseEvent) => {
    if (location.pathname !== '/' || location.search) return
    e.preventDefault()
    onHome()
  }
  return (
    <a class="brand" href={`/${location.hash}`} onClick={home}>
      <img src="/icon.svg" alt="" width="32" height="32" /> Theriac
    </a>
  )
}

function Foot({ checks, text, onOpen }: { checks: Checks; text: Text; onOpen: (open: Open) => void }) {
  return (
    <footer class="bottom">
      <label class="button bare file">
        {text.openFile}
        <input
          id="open-file"
          type="file"
          accept=".json,application/json"
          onChange={(e) => {
            const file = e.currentTarget.files?.[0]
            e.currentTarget.value = ''
            if (file) checks.open(file)
          }}
        />
      </label>
      <Button id="trust" look="bare" onClick={() => onOpen('trust')}>
        {text.trustManage}
      </Button>
      <Button id="about" look="bare" onClick={() => onOpen('about')}>
        {text.about}
      </Button>
    </footer>
  )
}

interface DialogsGiven {
  open: Open
  world: World
  checks: Checks
  text: Text
  accept: (() => void) | undefined
  onClose: () => void
}

function Dialogs({ open, world, checks, text, accept, onClose }: DialogsGiven) {
  const scan = useLoaded(open === 'scanner', () => import('../scan/Scanner'))
  const report = useLoaded(open === 'report', () => import('./ReportDialog'))
  const { state } = checks
  const scanned = (code: string) => {
    onClose()
    checks.check(code)
  }
  if (open === 'trust')
    return (
      <TrustDialog
        text={text}
        world={world}
        standing={checks.standing}
        onStanding={checks.setStanding}
        onChosen={checks.choose}
        onClose={onClose}
      />
    )
  if (open === 'about') return <AboutDialog text={text} world={world} accept={accept} onClose={onClose} />
  if (open === 'report' && typeof report === 'object' && state.result) {
    return (
      <report.ReportDialog
        world={world}
        chain={checks.standing?.root?.trust.chain_id}
        code={codeOf(state)}
        result={state.result}
        onClose={onClose}
      />
    )
  }
  if (open === undefined) return null
  if (open === 'scanner' && typeof scan === 'object') return <scan.Scanner text={text} onCode={scanned} onClose={onClose} />
  return (
    <div class="toast" role="status">
      {scan === 'failed' || report === 'failed' ? text.partBroken : text.partLoading}
    </div>
  )
}

/** The code that a report is about: what was read, or what the opened file says. */
function codeOf(state: State): string {
  return state.code || (state.result?.evidence ? elementString(state.result.evidence.verdict.facts) : '')
}

/** Tells who does not see the page what goes on in it. */
function Live({ text, state }: { text: Text; state: State }) {
  return (
    <p id="live" class="hidden" role="status">
      {state.checking ? text.checking : state.result && wordOf(text, state.result.display)}
    </p>
  )
}

interface ShownGiven {
  checks: Concealing
  world: World
  text: Text
  onOpen: (open: Open) => void
}

function Shown({ checks, world, text, onOpen }: ShownGiven) {
  const { state } = checks
  const now = useNow(world)
  const place = useRef<HTMLElement>(null)
  useEffect(() => {
    if (state.checking) return
    place.current?.focus()
    // A phone in a shop is often held where it is not looked at.
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(state.result?.display === 'genuine' ? 60 : [120, 80, 120])
  }, [state.turn, state.checking])
  if (!state.result) return null
  const evidence = state.result.evidence
  const trouble = state.result.by === 'page' && ['other_served', 'other_expected', 'no_trust'].includes(state.result.why)
  return (
    <>
      <VerdictView
        state={state}
        result={state.result}
        now={now}
        text={text}
        focus={place}
        {...(state.label ? { onAgain: () => checks.again(state.code) } : {})}
        onAnother={() => {
          checks.clear()
          requestAnimationFrame(() => document.getElementById('scan')?.focus())
        }}
      />
      {trouble && (
        <Notice look="bad" title={text.trust}>
          <p>{text.trustExplain}</p>
          <Button look="danger" onClick={() => onOpen('trust')}>
            {text.trustManage}
          </Button>
        </Notice>
      )}
      {evidence && (
        <>
          <AlertsView verdict={evidence.verdict} text={text} />
          <Compare state={state} text={text} />
          <Redeem checks={checks} evidence={evidence} world={world} text={text} />
          <PackView verdict={evidence.verdict} text={text} />
          <MeasuredView verdict={evidence.verdict} text={text} />
          <WayView verdict={evidence.verdict} text={text} />
          <ChecksView verdict={evidence.verdict} text={text} />
          <TakeView result={state.result} evidence={evidence} text={text} />
        </>
      )}
      <ReportLine text={text} onOpen={onOpen} />
      <TrustLine checks={checks} text={text} onTrust={() => onOpen('trust')} />
    </>
  )
}

/** The field for the code under the coating; it is loaded when there is a pack that may have one. */
function Redeem({ checks, evidence, world, text }: { checks: Concealing; evidence: Evidence; world: World; text: Text }) {
  const part = useLoaded(true, () => import('./redeem/RedeemView'))
  const { state, concealed } = checks
  if (typeof part !== 'object') {
    return (
      <>
        {part === 'failed' && concealed && <Notice look="warn" title={text.partBroken} />}
        <RedeemedView verdict={evidence.verdict} text={text} />
      </>
    )
  }
  const onRedeemed = () => state.label && checks.again(state.code)
  return <part.RedeemView world={world} evidence={evidence} concealed={concealed} onRedeemed={onRedeemed} />
}

/** Where a suspicion goes: to those who must hear of it. */
function ReportLine({ text, onOpen }: { text: Text; onOpen: (open: Open) => void }) {
  return (
    <section id="report-line" class="panel" aria-labelledby="report-line-title">
      <h2 id="report-line-title">{text.report}</h2>
      <p class="quiet">{text.reportNote}</p>
      <Button id="report" icon="report" onClick={() => onOpen('report')}>
        {text.reportOpen}
      </Button>
    </section>
  )
}

/** What the code did not say, the person must compare: a label can lie where it was not read. */
function Compare({ state, text }: { state: State; text: Text }) {
  const facts = state.result?.evidence?.verdict.facts
  if (!facts?.gtin) return null
  if (!state.label) {
    return (
      <Notice look="warn" title={text.compareTitle}>
        <p>{text.fileNote}</p>
        <p class="code">
          {facts.gtin}
          <br />
          {facts.serial}
        </p>
      </Notice>
    )
  }
  const missing = [!state.label.lot && text.lot, !state.label.expiry && text.expiry].filter(Boolean).join(', ')
  if (!missing) return null
  return (
    <Notice look="plain" title={text.compareTitle}>
      <p>{text.notCompared(missing)}</p>
    </Notice>
  )
}

function TrustLine({ checks, text, onTrust }: { checks: Checks; text: Text; onTrust: () => void }) {
  const root = checks.standing?.root
  if (!root) return null
  return (
    <section id="trust-line" class="panel" aria-labelledby="trust-title">
      <h2 id="trust-title">{text.trust}</h2>
      {checks.standing?.pin?.source === 'first' && (
        <p>
          {text.trustFirst} {text.trustCompare}
        </p>
      )}
      <p>
        <code class="fingerprint">{root.fingerprint.match(/.{1,4}/g)?.join(' ')}</code>
      </p>
      <Button onClick={onTrust}>{text.trustManage}</Button>
    </section>
  )
}

function Past({ checks, text }: { checks: Checks; text: Text }) {
  const [past, setPast] = useState(history)
  const { state } = checks
  useEffect(() => {
    if (state.checking || !state.result || !state.label || !state.at) return
    const name = state.result.evidence?.verdict.facts.certificate?.name ?? state.label.gtin
    setPast(remember({ code: state.code, name, display: state.result.display, at: state.at.toISOString() }))
  }, [state.turn, state.checking])
  if (state.result) return null
  return <HistoryView text={text} past={past} onWant={(wanted) => setPast(wantHistory(wanted))} onCheck={checks.check} />
}
