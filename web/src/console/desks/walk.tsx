import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { count } from '../../text/text'
import { Button } from '../../ui/Button'
import { Facts } from '../../ui/Facts'
import { Input } from '../../ui/Input'
import { Notice } from '../../ui/Notice'
import type { Session } from '../screen'
import { gln } from './fields'
import type { MeasureDesk } from './measure'
import { type Bench, readThing, type Step } from './measuring'
import { Outcome, Past } from './outcome'
import { nameOf, Pick } from './parts'
import { label, measured } from './registered'
import { ScanField } from './ScanField'
import type { Registration } from './shapes'
import { useMeasureText } from './text.measure'
import { useSharedText, wrong } from './text.shared'
import { world } from './useCounter'
import { useWalk, type Walking } from './useWalk'

interface Given {
  session: Session
  desk: MeasureDesk
  /** Whose things are measured; without it a pack or lot says which it has. */
  registration: Registration | undefined
  again: () => void
}

/** A Walkthrough leads a person through measuring one thing after the other. */
export function Walkthrough({ session, desk: d, registration: r, again }: Given) {
  const text = useMeasureText()
  const walking = useWalk(session, d.devices, r, again)
  if (d.devices.length === 0) return <p>{text.noDevices}</p>
  const { walk } = walking
  return (
    <>
      {r && (
        <p>
          <strong>{label(r, d, text)}</strong>, {text.cameFrom(nameOf(d.members, r.from))}. {text.measured}: {measured(r, text)}.
        </p>
      )}
      <Steps now={walk.step} />
      {walk.step === 'scan' && <Scan walking={walking} registration={r} />}
      {walk.step === 'bench' && <Where walking={walking} devices={d.devices} />}
      {walk.step === 'ready' && <Lay walking={walking} registration={r} />}
      {walk.step === 'measuring' && <Measuring walking={walking} />}
      {walk.step === 'result' && walk.end && (
        <Outcome key={walk.key} walk={walk} end={walk.end} walking={walking}>
          {walk.end.kind === 'genuine' && <Scan walking={walking} registration={r} following />}
        </Outcome>
      )}
      <Past past={walking.past} />
    </>
  )
}

const order: Step[] = ['scan', 'bench', 'ready', 'measuring', 'result']

function Steps({ now }: { now: Step }) {
  const text = useMeasureText()
  return (
    <ol class="steps" aria-label={text.steps}>
      {order.map((s) => (
        <li key={s} aria-current={s === now ? 'step' : undefined}>
          {text[`step_${s}`]}
        </li>
      ))}
    </ol>
  )
}

interface PartGiven {
  id: string
  title: string
  children: ComponentChildren
}

/** A Part of the walk begins at its heading: no scanner's Enter there presses a button. */
function Part({ id, title, children }: PartGiven) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  return (
    <section id={id} class="stack panel" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`} ref={heading} tabIndex={-1}>
        {title}
      </h2>
      {children}
    </section>
  )
}

interface ScanGiven {
  walking: Walking
  registration: Registration | undefined
  /** Another thing was measured before. */
  following?: boolean
}

function Scan({ walking, registration, following }: ScanGiven) {
  const text = useMeasureText()
  const [trouble, setTrouble] = useState('')
  const take = (scanned: string) => {
    const read = readThing(scanned, world.now())
    if (read.kind === 'unreadable') return setTrouble(text.unreadable)
    if (read.kind === 'case' && !registration) return setTrouble(text.caseAny)
    walking.scanned(read.code)
  }
  return (
    <section class="stack panel" id="measure-scanning" aria-labelledby="measure-scanning-title">
      <h2 id="measure-scanning-title">{following ? text.nextScan : text.scanTitle}</h2>
      <ScanField id="measure-scan" label={text.scanLabel} hint={text.scanHint} onCode={take} />
      <div role="alert">
        {trouble && (
          <Notice look="warn">
            <p>{trouble}</p>
          </Notice>
        )}
      </div>
    </section>
  )
}

function Where({ walking, devices }: { walking: Walking; devices: string[] }) {
  const text = useMeasureText()
  const shared = useSharedText()
  const [bench, set] = useState<Bench>(walking.bench)
  const [tried, setTried] = useState(false)
  const place = gln(bench.place)
  return (
    <Part id="measure-bench" title={text.benchTitle}>
      <form
        class="stack"
        noValidate
        onSubmit={(e) => {
          e.preventDefault()
          setTried(true)
          if (!place || !devices.includes(bench.device)) return
          walking.placed({ ...bench, place })
        }}
      >
        <Pick
          id="measure-device"
          label={text.device}
          hint={text.deviceHint}
          value={bench.device}
          onValue={(device) => set({ ...bench, device })}
          options={devices.map((d) => [d, d])}
          wrong={tried && !bench.device ? 'missing' : undefined}
        />
        <Input
          id="measure-place"
          label={text.placeLabel}
          hint={text.placeHint}
          value={bench.place}
          onValue={(p) => set({ ...bench, place: p })}
          error={wrong(shared, tried && !place ? (bench.place ? 'gln' : 'missing') : undefined)}
        />
        <div class="row">
          <Button type="submit" look="main">
            {text.proceed}
          </Button>
          <Button onClick={walking.next}>{text.another}</Button>
        </div>
      </form>
    </Part>
  )
}

function Lay({ walking, registration: r }: { walking: Walking; registration: Registration | undefined }) {
  const text = useMeasureText()
  const { walk } = walking
  const bench = walk.at ?? walking.bench
  return (
    <Part id="measure-ready" title={text.readyTitle}>
      <p>{text.readySays}</p>
      <p class="code">{walk.code}</p>
      {r && r.terms.place !== bench.place && (
        <Notice look="warn">
          <p>{text.otherPlace(r.terms.place, bench.place)}</p>
        </Notice>
      )}
      <Button id="measure-start" look="main" onClick={walking.measure}>
        {text.start}
      </Button>
      <Facts
        of={[
          [text.device, <span class="code">{bench.device}</span>],
          [text.place, bench.place],
        ]}
      />
      <div class="row">
        {!walk.at && <Button onClick={walking.change}>{text.change}</Button>}
        <Button onClick={walking.next}>{text.another}</Button>
      </div>
    </Part>
  )
}

function Measuring({ walking }: { walking: Walking }) {
  const text = useMeasureText()
  const [passed, setPassed] = useState(0)
  useEffect(() => {
    const began = Date.now()
    const timer = setInterval(() => setPassed(Math.floor((Date.now() - began) / 1000)), 1000)
    return () => clearInterval(timer)
  }, [])
  return (
    <Part id="measure-running" title={text.measuringTitle}>
      <p>{text.measuringSays}</p>
      {/* How long is left nobody knows; that it goes on is what the bar says. */}
      <progress aria-label={text.measuringTitle} />
      <p class="quiet" aria-hidden="true">
        {text.seconds(count(passed))}
      </p>
      <div class="row">
        <Button id="measure-cancel" onClick={walking.cancel}>
          {text.cancel}
        </Button>
      </div>
    </Part>
  )
}
