// The counter of a pharmacy or hospital.
import { useEffect, useState } from 'preact/hooks'
import { post } from '../../api/api'
import { count, locale } from '../../text/text'
import { Ask, Opener } from '../../ui/Ask'
import { Button } from '../../ui/Button'
import { Icon } from '../../ui/Icon'
import { textOf, useVerifyText } from '../../verify/text'
import { reason } from '../../verify/verdict'
import type { Session } from '../screen'
import { alertOf, type Scan } from './counter'
import { may } from './parts'
import { Rows } from './rows'
import { ScanField } from './ScanField'
import type { Done } from './shapes'
import { type CounterText, useCounterText } from './text.counter'
import { useSharedText } from './text.shared'
import { type Counter, useCounter } from './useCounter'

const clock = (at: string): string => new Intl.DateTimeFormat(locale(), { timeStyle: 'medium' }).format(new Date(at))

/** Dispense takes scans one after the other. */
export function Dispense({ session }: { session: Session }) {
  const text = useCounterText()
  const counter = useCounter(session)
  const last = counter.scans[0]
  return (
    <>
      <Alarm counter={counter} />
      <p>{text.dispenseSays(session.person.name, session.organisation.name)}</p>
      <section class="panel" aria-label={text.scanLabel}>
        <ScanField id="scan-pack" label={text.scanLabel} hint={text.scanHint} onCode={counter.add} />
      </section>
      <div role="status">{last && <Outcome scan={last} />}</div>
      <Log session={session} counter={counter} />
    </>
  )
}

/** An Alarm stays until somebody has seen it. It takes no focus: the next scan must not confirm it. */
function Alarm({ counter }: { counter: Counter }) {
  const text = useCounterText()
  const open = counter.scans.filter((s) => s.end?.kind === 'alert' && !s.seen)
  const first = open[0]
  const acknowledge = () => {
    for (const o of open) counter.replace({ ...o, seen: true })
  }
  useEffect(() => {
    if (!first) return
    // A scanner sends no Escape.
    const key = (e: KeyboardEvent) => e.key === 'Escape' && acknowledge()
    document.addEventListener('keydown', key)
    return () => document.removeEventListener('keydown', key)
  }, [first?.key, open.length])
  return (
    <div role="alert">
      {first && (
        <section class="alarm stack" id="alarm">
          <h2>
            <Icon name="report" size={36} /> {text.alarm}
          </h2>
          {open.map((s) => (
            <p key={s.key} class="code">
              {s.name ?? s.gtin} · {s.lot} · {s.serial}
            </p>
          ))}
          <p>{text.alarmWords}</p>
          {first.end?.kind === 'alert' && (
            <p>
              {text.alarmRaised} <code>{alertOf(first.end.words)}</code> <code>{first.end.code}</code>
            </p>
          )}
          <div class="row">
            <Button onClick={acknowledge}>{text.acknowledge}</Button>
          </div>
        </section>
      )}
    </div>
  )
}

const looks = { done: 'good', undone: 'plain', alert: 'bad', here: 'warn', refused: 'bad', problem: 'bad' } as const

/** What became of a scan: a word, and a sentence. */
function words(scan: Scan, text: CounterText, verify: ReturnType<typeof useVerifyText>): [string, string] {
  const end = scan.end
  switch (end?.kind) {
    case 'done':
      return [text.done, text.doneWords]
    case 'undone':
      return [text.undone, text.undoneWords]
    case 'here':
      return [text.here, text.hereWords(clock(end.at))]
    case 'alert':
      return [text.alarm, text.alarmRaised]
    case 'problem':
      return [text.refused, end.problem.words]
    case 'refused':
      return [
        `${text.refused}: ${textOf(verify, 'is_', end.result.display, 'is_cannot_check')}`,
        textOf(verify, 'why_', reason(end.result), end.result.by === 'evidence' ? 'why_refused' : 'why_other'),
      ]
    default:
      return [text.working, '']
  }
}

/** The stable code of an end that is a refusal. */
function codeOf(scan: Scan): string {
  const end = scan.end
  if (end?.kind === 'refused') return end.result.why
  if (end?.kind === 'problem') return end.problem.code
  return end?.kind === 'alert' ? end.code : ''
}

function Outcome({ scan }: { scan: Scan }) {
  const text = useCounterText()
  const verify = useVerifyText()
  const shared = useSharedText()
  const [word, sentence] = words(scan, text, verify)
  const code = codeOf(scan)
  return (
    <section
      class={`outcome ${scan.end ? looks[scan.end.kind] : 'plain'}`}
      id="outcome"
      data-end={scan.end?.kind ?? 'open'}
      data-code={code}
    >
      <h2>{word}</h2>
      <p>{sentence}</p>
      <p class="code">
        {scan.name && `${scan.name} · `}
        {scan.lot && `${scan.lot} · `}
        {scan.serial ?? scan.text.slice(0, 60)}
      </p>
      {code && <p class="quiet">{shared.code(code)}</p>}
    </section>
  )
}

/** Says whether a scan may end otherwise if it is tried again. */
function passing(scan: Scan): boolean {
  const end = scan.end
  if (!end) return true
  if (end.kind === 'refused') return end.result.display === 'cannot_check' && Boolean(scan.serial)
  return (
    end.kind === 'problem' &&
    (end.problem.status === 0 || end.problem.status >= 500 || end.problem.status === 429 || end.problem.code === 'in_progress')
  )
}

function Log({ session, counter }: { session: Session; counter: Counter }) {
  const text = useCounterText()
  const verify = useVerifyText()
  const shared = useSharedText()
  const [fresh] = useState(() => new Date().toISOString())
  const action = (s: Scan) => {
    if (s.end?.kind === 'done') return may(session, 'undo') ? <TakeBack scan={s} counter={counter} /> : null
    // What runs now needs no second run; what an earlier visit left open does.
    const running = !s.end && s.at >= fresh
    return passing(s) && !running ? <Button onClick={() => counter.retry(s)}>{text.retry}</Button> : null
  }
  const word = (s: Scan) => (s.end || s.at >= fresh ? words(s, text, verify)[0] : text.interrupted)
  return (
    <Rows
      id="session"
      title={`${text.session} (${count(counter.scans.length)})`}
      rows={counter.scans}
      keyOf={(s) => s.key}
      columns={[
        { name: text.time, cell: (s) => clock(s.at) },
        {
          name: text.pack,
          cell: (s) => <span class="code">{[s.name, s.lot, s.serial ?? s.text.slice(0, 40)].filter(Boolean).join(' · ')}</span>,
        },
        { name: text.result, cell: (s) => <span class={`end ${s.end ? looks[s.end.kind] : 'plain'}`}>{word(s)}</span> },
        { name: shared.action, cell: action },
      ]}
    >
      {counter.scans.some((s) => s.end) && (
        <div class="row">
          <Button onClick={counter.clear}>{text.clear}</Button>
        </div>
      )}
    </Rows>
  )
}

function TakeBack({ scan, counter }: { scan: Scan; counter: Counter }) {
  const text = useCounterText()
  const end = scan.end
  if (end?.kind !== 'done') return null
  const body = { operation: end.done.operation, time: end.done.time, units: [{ from: end.index, to: end.index + 1 }] }
  return (
    <Opener id={`undo-${scan.key}`} label={text.undo}>
      {(close) => (
        <Ask
          id={`ask-${scan.key}`}
          title={text.undoTitle}
          says={text.undoSays}
          submit={text.undo}
          send={(key) => post<Done>('/v1/undos', body, key)}
          done={(done) => {
            counter.replace({ ...scan, end: { kind: 'undone', done } })
            close()
          }}
          onClose={close}
        />
      )}
    </Opener>
  )
}
