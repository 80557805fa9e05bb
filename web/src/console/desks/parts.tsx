// What the desks' screens are made of.
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { get } from '../../api/api'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Failure } from '../../ui/Failure'
import { described, Field } from '../../ui/Field'
import type { Sending } from '../../ui/load'
import { Notice } from '../../ui/Notice'
import { useStates } from '../../ui/Shown'
import type { Session } from '../screen'
import type { Wrong } from './fields'
import type { Done, Member, Message } from './shapes'
import { useSharedText, wrong } from './text.shared'

/** Says whether the person may ask for an operation. */
export const may = (session: Session, operation: string): boolean => session.may.includes(operation)

/** Says whether the organisation has one of the roles. */
export const is = (session: Session, ...roles: string[]): boolean => roles.some((r) => session.organisation.roles.includes(r))

/** Returns the name of a member, or its GLN. */
export const nameOf = (members: Member[], gln: string): string => members.find((m) => m.gln === gln)?.name ?? gln

interface FormGiven {
  id: string
  title: string
  sending: Sending
  session: Session
  /** In words what it will do. */
  says: string
  submit: string
  look?: 'main' | 'danger'
  /** Says whether the fields are as they must be; only then is it sent. */
  good: boolean
  /** Told when somebody tries, so that wrong fields say so. */
  onTry: () => void
  /** What is asked once more before it is sent. */
  sure?: string
  children: ComponentChildren
}

/** A Form asks for one change, and says before in whose name. */
export function Form({ id, title, sending, session, says, submit, look = 'main', good, onTry, sure, children }: FormGiven) {
  const text = useSharedText()
  const [asking, setAsking] = useState(false)
  return (
    <form
      id={id}
      class="stack panel"
      aria-labelledby={`${id}-title`}
      noValidate
      onSubmit={(e) => {
        e.preventDefault()
        onTry()
        if (good) return sure ? setAsking(true) : sending.send()
        const form = e.currentTarget
        requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid=true]')?.focus())
      }}
    >
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
      <p class="consequence">
        {says} {text.signs(session.person.name, session.organisation.name)}
      </p>
      {sending.error && <Failure of={sending.error} />}
      <div class="row">
        <Button type="submit" look={look} busy={sending.busy}>
          {submit}
        </Button>
      </div>
      {asking && sure && (
        <Dialog id={`${id}-sure`} title={text.sure} onClose={() => setAsking(false)}>
          <p>{sure}</p>
          <div class="row end">
            <Button onClick={() => setAsking(false)}>{text.back}</Button>
            <Button
              look="danger"
              onClick={() => {
                setAsking(false)
                sending.send()
              }}
            >
              {text.certain}
            </Button>
          </div>
        </Dialog>
      )}
    </form>
  )
}

interface PickGiven {
  id: string
  label: string
  value: string
  onValue: (value: string) => void
  options: [value: string, name: string][]
  hint?: string
  wrong?: Wrong | undefined
}

/** A Pick is one of several, none at first. */
export function Pick({ id, label, value, onValue, options, hint, wrong: w }: PickGiven) {
  const text = useSharedText()
  return (
    <Field id={id} label={label} {...(hint ? { hint } : {})} error={wrong(text, w)}>
      <select
        id={id}
        value={value}
        aria-describedby={described(id)}
        aria-invalid={w ? 'true' : undefined}
        onChange={(e) => onValue(e.currentTarget.value)}
      >
        <option value="">{text.choose}</option>
        {options.map(([v, name]) => (
          <option key={v} value={v}>
            {name}
          </option>
        ))}
      </select>
    </Field>
  )
}

interface SeveralGiven {
  id: string
  legend: string
  options: [value: string, name: string][]
  chosen: string[]
  onChosen: (chosen: string[]) => void
  wrong?: Wrong | undefined
}

/** A Several is at least one of several. */
export function Several({ id, legend, options, chosen, onChosen, wrong: w }: SeveralGiven) {
  const text = useSharedText()
  const { empty } = useStates()
  return (
    <fieldset class="checks" id={id}>
      <legend>{legend}</legend>
      {options.length === 0 && <p class="quiet">{empty}</p>}
      {options.map(([v, name]) => (
        <label key={v}>
          <input
            type="checkbox"
            value={v}
            checked={chosen.includes(v)}
            aria-invalid={w ? 'true' : undefined}
            onChange={(e) => onChosen(e.currentTarget.checked ? [...chosen, v] : chosen.filter((c) => c !== v))}
          />
          {name}
        </label>
      ))}
      <span class="wrong" role="alert">
        {wrong(text, w)}
      </span>
    </fieldset>
  )
}

interface WhoGiven {
  id: string
  label: string
  members: Member[]
  roles: string[]
  /** Oneself. */
  not: string
  value: string
  onValue: (gln: string) => void
  wrong?: Wrong | undefined
}

/** A Who chooses a member by name. */
export function Who({ members, roles, not, ...rest }: WhoGiven) {
  const options = members
    .filter((m) => m.status === 'active' && m.gln !== not && m.roles?.some((r) => roles.includes(r)))
    .map((m): [string, string] => [m.gln, m.name])
  return <Pick {...rest} options={options} />
}

// A receiver that runs answers within seconds; for another one nobody waits at the screen.
const patience = 20_000
const pause = 400

/** Follows a message until its receiver has it; tired when that takes long. */
function useFollowed(message: Message, then: () => void): { now: Message; tired: boolean } {
  const [now, setNow] = useState(message)
  const [tired, setTired] = useState(false)
  useEffect(() => {
    if (now.status !== 'queued') return then()
    const began = Date.now()
    let timer = 0
    let gone = false
    const look = async () => {
      const m = await get<Message>(`/v1/messages/${encodeURIComponent(message.id)}`).catch(() => now) // it is signed and stored; the next look tells
      if (gone) return
      if (m.status !== 'queued') return setNow(m)
      if (Date.now() - began > patience) setTired(true)
      timer = window.setTimeout(look, Date.now() - began > patience ? patience : pause)
    }
    timer = window.setTimeout(look, pause)
    return () => {
      gone = true
      window.clearTimeout(timer)
    }
  }, [now.status, message.id])
  return { now, tired }
}

/** A Sent says what becomes of a message that was just signed. */
export function Sent({ message, then }: { message: Message; then: () => void }) {
  const text = useSharedText()
  const { now, tired } = useFollowed(message, then)
  const look = now.status === 'sent' ? 'good' : now.status === 'refused' ? 'bad' : tired ? 'warn' : 'plain'
  return (
    <div role="status" data-message={now.status}>
      <Notice look={look}>
        {now.status === 'sent' && <p>{text.sent(now.receipt?.index ?? 0)}</p>}
        {now.status === 'queued' && <p>{tired ? text.stillQueued : text.queued}</p>}
        {now.status === 'refused' && (
          <p>
            {text.refusedBy} <code>{now.code}</code>
          </p>
        )}
      </Notice>
    </div>
  )
}

/** An OnLedger says that an operation is done. */
export function OnLedger({ done }: { done: Done }) {
  const text = useSharedText()
  return (
    <div role="status" data-done={done.operation}>
      <Notice look="good">
        <p>{text.onLedger(done.index)}</p>
      </Notice>
    </div>
  )
}

interface OnceGiven<T> {
  /** What was done, once it is. */
  result: T | undefined
  show: (result: T) => ComponentChildren
  another: string
  onAnother: () => void
  children: ComponentChildren
}

/** A Once is a form, and in its place what came of it, until another is wanted. */
export function Once<T>({ result, show, another, onAnother, children }: OnceGiven<T>) {
  if (result === undefined) return <>{children}</>
  return (
    <div class="stack">
      {show(result)}
      <div class="row">
        <Button onClick={onAnother}>{another}</Button>
      </div>
    </div>
  )
}
