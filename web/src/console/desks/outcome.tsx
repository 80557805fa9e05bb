import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { count, locale } from '../../text/text'
import { Button } from '../../ui/Button'
import { Icon } from '../../ui/Icon'
import { settle } from '../../verify/check'
import { useLoaded } from '../../verify/useCheck'
import { alertOf } from './counter'
import { type End, repeatable, suspicious, type Walk } from './measuring'
import { Rows } from './rows'
import { type MeasureText, useMeasureText } from './text.measure'
import { wordsOf } from './text.reasons'
import { useSharedText } from './text.shared'
import { world } from './useCounter'
import type { Measured, Walking } from './useWalk'

const lookOf = (end: End) => (end.kind === 'genuine' ? 'good' : suspicious(end) ? 'bad' : 'warn')
const icons = { good: 'good', bad: 'bad', warn: 'report' } as const

/** Says how a measurement ended, in a word. */
function wordOf(end: End, text: MeasureText): string {
  if (end.kind === 'genuine') return text.genuine
  if (end.kind === 'cancelled') return text.cancelled
  return suspicious(end) ? text.refused : text.trouble
}

interface Given {
  walk: Walk
  end: End
  walking: Walking
  children?: ComponentChildren
}

/** An Outcome is how one measurement ended, why, and what to do next. */
export function Outcome({ walk, end, walking, children }: Given) {
  const text = useMeasureText()
  const shared = useSharedText()
  const [reporting, setReporting] = useState(false)
  const heading = useRef<HTMLHeadingElement>(null)
  const look = lookOf(end)
  // Bad news is met; after good news the next scan goes on.
  useEffect(() => (end.kind === 'genuine' ? undefined : heading.current?.focus()), [])
  return (
    <>
      <div role={look === 'good' ? 'status' : 'alert'}>
        <section class={`outcome ${look}`} id="measured" data-end={end.kind} data-code={end.kind === 'refused' ? end.code : ''}>
          <h2 ref={heading} tabIndex={-1}>
            <Icon name={icons[look]} size={32} /> {wordOf(end, text)}
          </h2>
          {end.kind === 'genuine' && <p>{text.genuineSays(count(end.done.index))}</p>}
          {end.kind === 'cancelled' && <p>{text.cancelledSays}</p>}
          {end.kind === 'refused' && <Why end={end} />}
          <p class="code">{walk.code}</p>
          {end.kind === 'refused' && <p class="quiet">{shared.code(end.code)}</p>}
        </section>
      </div>
      <div class="row">
        <Button id="measure-next" look={end.kind === 'genuine' ? 'plain' : 'main'} onClick={walking.next}>
          {text.next}
        </Button>
        {repeatable(end) && (
          <Button id="measure-again" icon="again" onClick={walking.again}>
            {text.again}
          </Button>
        )}
        {suspicious(end) && (
          <Button id="measure-report" icon="report" onClick={() => setReporting(true)}>
            {text.report}
          </Button>
        )}
      </div>
      {children}
      {reporting && end.kind === 'refused' && <Report code={walk.code} end={end} onClose={() => setReporting(false)} />}
    </>
  )
}

type Refused = Extract<End, { kind: 'refused' }>

function Why({ end }: { end: Refused }) {
  const text = useMeasureText()
  const { why, next } = wordsOf(end.code)
  const alert = alertOf(end.words)
  return (
    <>
      <p>{why ?? end.words}</p>
      <p>
        <strong>{text.nextStep}:</strong> {next}
      </p>
      {alert && (
        <p>
          {text.alert} <code class="long">{alert}</code>.
        </p>
      )}
      {!alert && end.code.startsWith('wrong_') && <p>{text.noAlert}</p>}
    </>
  )
}

interface ReportGiven {
  code: string
  end: Refused
  onClose: () => void
}

/** The report that anybody can make of a pack; its verdict is the measurement's. */
function Report({ code, end, onClose }: ReportGiven) {
  const text = useMeasureText()
  const part = useLoaded(true, () => import('../../verify/ReportDialog'))
  const standing = useLoaded(true, () => settle(world))
  if (typeof part !== 'object' || standing === undefined) {
    const failed = part === 'failed'
    return <p role={failed ? 'alert' : 'status'}>{failed ? text.broken : text.loading}</p>
  }
  const chain = standing === 'failed' ? undefined : standing.root?.trust.chain_id
  const result = { display: 'refused', why: end.code, by: 'server', words: end.words } as const
  return <part.ReportDialog world={world} chain={chain} code={code} result={result} onClose={onClose} />
}

const clock = (at: string): string => new Intl.DateTimeFormat(locale(), { timeStyle: 'medium' }).format(new Date(at))

/** Past are the things of this visit. */
export function Past({ past }: { past: Measured[] }) {
  const text = useMeasureText()
  const why = (end: End) => (end.kind === 'refused' ? (wordsOf(end.code).why ?? end.words) : '')
  if (past.length === 0) return null
  return (
    <Rows
      id="measured-here"
      title={`${text.session} (${count(past.length)})`}
      rows={past}
      keyOf={(m) => m.key}
      columns={[
        { name: text.time, cell: (m) => clock(m.end.at) },
        { name: text.code, cell: (m) => <span class="code">{m.code}</span> },
        {
          name: text.result,
          cell: (m) => (
            <span class={`end ${lookOf(m.end)}`}>
              {wordOf(m.end, text)} {why(m.end) && <span class="quiet">{why(m.end)}</span>}
            </span>
          ),
        },
      ]}
    />
  )
}
