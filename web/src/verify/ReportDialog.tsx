import { useEffect, useRef, useState } from 'preact/hooks'
import { count, type Translation, useText, when } from '../text/text'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { described, Field } from '../ui/Field'
import { Notice } from '../ui/Notice'
import { installed } from '../worker/digest'
import type { World } from './check'
import {
  ageGroups,
  type Claims,
  type Kind,
  maxContact,
  maxText,
  outcomes,
  type Reaction,
  type ReportState,
  readState,
  sexes,
  sign,
  text64,
  visible,
} from './report'
import { de } from './report.de'
import { en } from './report.en'
import { reporter } from './reporter'
import { ask } from './server'
import type { Result } from './verdict'
import './report.css'

type Text = Translation<typeof en>

interface Given {
  world: World
  /** Of the root of trust that counts. */
  chain: string | undefined
  code: string
  result: Result
  onClose: () => void
}

/** A report of a suspected fake or an adverse reaction, signed here. */
export function ReportDialog({ world, chain, code, result, onClose }: Given) {
  const text = useText<typeof en>({ en, de })
  const [sent, setSent] = useState<ReportState>()
  return (
    <Dialog id="report-dialog" title={text.title} onClose={onClose}>
      {sent ? (
        <Sent text={text} world={world} first={sent} />
      ) : chain ? (
        <Form text={text} world={world} chain={chain} code={code} result={result} onSent={setSent} />
      ) : (
        <Notice look="warn">
          <p>{text.noChain}</p>
        </Notice>
      )}
    </Dialog>
  )
}

interface FormGiven {
  text: Text
  world: World
  chain: string
  code: string
  result: Result
  onSent: (s: ReportState) => void
}

/** Signs and sends what the form holds. */
function useReport({ text, world, chain, code, result, onSent }: FormGiven, kind: Kind) {
  const [wrong, setWrong] = useState<{ text?: string; contact?: string }>({})
  const [trouble, setTrouble] = useState('')
  const [busy, setBusy] = useState(false)
  // What was signed is sent again as it is: the same bytes are one report.
  const last = useRef({ content: '', signed: '' })
  const submit = async (e: SubmitEvent) => {
    e.preventDefault()
    const form = new FormData(e.currentTarget as HTMLFormElement)
    const content = contentOf(form, kind)
    const faults = faultsOf(content, text)
    setWrong(faults)
    if (faults.text || faults.contact) return document.getElementById(faults.text ? 'report-text' : 'report-contact')?.focus()
    setBusy(true)
    setTrouble('')
    try {
      const key = JSON.stringify(content)
      if (last.current.content !== key) last.current = { content: key, signed: await signed(content) }
      const answer = await send(world, last.current.signed)
      if (answer.state) onSent(answer.state)
      else setTrouble(answer.trouble ?? text.offline)
    } catch (err) {
      setTrouble(String(err))
    }
    setBusy(false)
  }
  const signed = async (content: Content) => {
    const page = (await installed().catch(() => undefined))?.digest
    const fresh = crypto.getRandomValues(new Uint8Array(16))
    const claims: Claims = {
      ...content,
      chain,
      code: visible(code).replaceAll('\n', ' '),
      iat: Math.floor(world.now().getTime() / 1000),
      jti: text64(fresh),
      verdict: verdictOf(result),
      ...(page ? { page } : {}),
    }
    return sign(claims, await reporter())
  }
  return { wrong, trouble, busy, submit }
}

function Form(given: FormGiven) {
  const { text, code, result } = given
  const [kind, setKind] = useState<Kind>(result.display === 'genuine' ? 'adverse_reaction' : 'suspected_fake')
  const { wrong, trouble, busy, submit } = useReport(given, kind)
  return (
    <form class="report" onSubmit={submit} noValidate>
      <p>{text.intro}</p>
      <p class="quiet code">{text.about(code)}</p>
      <fieldset>
        <legend>{text.kind}</legend>
        {(['suspected_fake', 'adverse_reaction'] as const).map((k) => (
          <label key={k} class="tick">
            <input type="radio" name="kind" value={k} checked={kind === k} onChange={() => setKind(k)} />
            <span>{text[k]}</span>
          </label>
        ))}
      </fieldset>
      {kind === 'adverse_reaction' && (
        <Notice look="warn">
          <p>{text.urgent}</p>
        </Notice>
      )}
      <Field id="report-text" label={text.text} hint={text.textHint} {...(wrong.text ? { error: wrong.text } : {})}>
        <textarea
          id="report-text"
          name="text"
          rows={4}
          required
          aria-invalid={Boolean(wrong.text)}
          aria-describedby={described('report-text')}
        />
      </Field>
      {kind === 'adverse_reaction' && <ReactionFields text={text} />}
      <Field id="report-contact" label={text.contact} hint={text.contactHint} {...(wrong.contact ? { error: wrong.contact } : {})}>
        <input
          id="report-contact"
          name="contact"
          autocomplete="email"
          aria-invalid={Boolean(wrong.contact)}
          aria-describedby={described('report-contact')}
        />
      </Field>
      <p class="quiet small">{text.signed}</p>
      <div role="alert">
        {trouble && (
          <Notice look="bad" title={text.failed}>
            <p>{trouble}</p>
          </Notice>
        )}
      </div>
      <Button id="report-send" type="submit" look="main" busy={busy}>
        {busy ? text.sending : text.send}
      </Button>
    </form>
  )
}

function ReactionFields({ text }: { text: Text }) {
  const choice = (name: string, label: string, of: readonly (keyof Text)[]) => (
    <Field id={`report-${name}`} label={label}>
      <select id={`report-${name}`} name={name}>
        <option value="">{text.notSaid}</option>
        {of.map((o) => (
          <option key={o} value={o}>
            {text[o] as string}
          </option>
        ))}
      </select>
    </Field>
  )
  return (
    <div class="pair">
      <Field id="report-onset" label={text.onset}>
        <input id="report-onset" name="onset" type="date" />
      </Field>
      {choice('outcome', text.outcome, outcomes)}
      {choice('age_group', text.age, ageGroups)}
      {choice('sex', text.sex, sexes)}
    </div>
  )
}

type Content = Pick<Claims, 'kind' | 'text' | 'contact' | 'reaction'>

/** Reads the form; what was left empty is left out. */
function contentOf(form: FormData, kind: Kind): Content {
  const say = (name: string) => visible(String(form.get(name) ?? ''))
  const content: Content = { kind, text: say('text') }
  const contact = say('contact').replaceAll('\n', ' ')
  if (contact) content.contact = contact
  const reaction: Reaction = {}
  for (const name of ['age_group', 'onset', 'outcome', 'sex'] as const) if (say(name)) reaction[name] = say(name)
  if (kind === 'adverse_reaction' && Object.keys(reaction).length > 0) content.reaction = reaction
  return content
}

function faultsOf(content: Content, text: Text): { text?: string; contact?: string } {
  if (!content.text) return { text: text.needText }
  if ([...content.text].length > maxText) return { text: text.longText(count(maxText)) }
  if (new TextEncoder().encode(content.contact ?? '').length > maxContact) return { contact: text.longContact }
  return {}
}

function verdictOf(result: Result): { code?: string; outcome: string } {
  const outcome = result.evidence?.verdict.verdict ?? result.display
  return result.why ? { code: result.why, outcome } : { outcome }
}

async function send(world: World, report: string): Promise<{ state?: ReportState; trouble?: string }> {
  const answer = await ask('/v1/reports', 1 << 20, world.get, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ report }),
  })
  if (answer.kind === 'problem') return { trouble: answer.problem.detail || answer.problem.code }
  const state = answer.kind === 'bytes' ? readState(answer.bytes) : undefined
  return state ? { state } : {}
}

const patience = 30
const pause = 2000

/** Shows who has received it, and asks until all have. */
function Sent({ text, world, first }: { text: Text; world: World; first: ReportState }) {
  const [state, setState] = useState(first)
  const asked = useRef(0)
  useEffect(() => {
    if (state.status !== 'under_way' || asked.current >= patience) return
    const timer = setTimeout(async () => {
      asked.current++
      const answer = await ask(`/v1/reports/${encodeURIComponent(first.id)}`, 1 << 20, world.get)
      const news = answer.kind === 'bytes' ? readState(answer.bytes) : undefined
      setState((s) => ({ ...(news ?? s) }))
    }, pause)
    return () => clearTimeout(timer)
  }, [state])
  return (
    <div id="report-sent" data-status={state.status} role="status">
      <Notice look="good" title={text.sent} />
      <ul>
        {state.receivers.map((r) => (
          <li key={r.name}>
            {r.status === 'received' && r.at
              ? text.received(r.name, when(r.at), count(r.leaf))
              : r.status === 'refused'
                ? text.refused(r.name)
                : text.waiting(r.name)}
          </li>
        ))}
      </ul>
      <p class="quiet">{text.serverSays}</p>
      <p class="code">{state.digest}</p>
    </div>
  )
}
