import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { type Translation, useText, when } from '../../text/text'
import { Button } from '../../ui/Button'
import { described, Field } from '../../ui/Field'
import { Notice } from '../../ui/Notice'
import type { Bytes, Digest } from '../../verifier/bytes'
import type { World } from '../check'
import { nameOf } from '../PackView'
import type { Evidence } from '../verdict'
import { browserKey } from './browser'
import { parseCode } from './code'
import { type Coded, readCoded } from './evidence'
import { type Facts, judge, nameOfKey, redeem, type Standing } from './redeem'
import { de } from './redeem.de'
import { en } from './redeem.en'

type Text = Translation<typeof en>

interface Given {
  world: World
  evidence: Evidence
  /** What stood behind # in the scanned link. */
  concealed: string | undefined
  /** Asks for the evidence again, which may have the record then. */
  onRedeemed: () => void
}

/** Redeems the pack's concealed code, if it has one. */
export function RedeemView(given: Given) {
  const { evidence } = given
  const coded = useMemo(() => {
    try {
      return readCoded(evidence.raw, evidence.verdict)
    } catch {
      return undefined // a record that no ledger of ours wrote
    }
  }, [evidence.raw, evidence.verdict])
  // What was said of one pack must not stand beside another.
  return coded ? <Redeeming key={`${coded.place.batch} ${coded.place.index}`} coded={coded} {...given} /> : null
}

interface Mine {
  point: Bytes
  name: Digest
  kept: boolean
}

function useMine(coded: Coded): Mine | undefined {
  const [mine, setMine] = useState<Mine>()
  useEffect(() => {
    let gone = false
    browserKey(coded.place).then(
      ({ point, kept }) => !gone && setMine({ point, kept, name: nameOfKey(point) }),
      () => undefined, // then the field says so when it is used
    )
    return () => {
      gone = true
    }
  }, [])
  return mine
}

/** Hands a code in, and keeps what came of it. */
function useRedeem({ coded, world, onRedeemed }: Given & { coded: Coded }, mine: Mine | undefined) {
  const [told, setTold] = useState<Pick<Facts, 'said' | 'asked'> & { failed?: Standing }>({})
  const [busy, setBusy] = useState(false)
  const send = async (code: Bytes) => {
    setBusy(true)
    setTold({})
    const asked = world.now()
    try {
      const key = mine?.point ?? (await browserKey(coded.place)).point
      const got = await redeem(coded, code, key, world)
      if ('said' in got) {
        setTold({ said: got.said, asked })
        onRedeemed()
      } else setTold({ failed: got.standing })
    } catch {
      setTold({ failed: { outcome: 'cannot', by: 'page', why: 'other' } })
    }
    setBusy(false)
  }
  return { told, busy, send }
}

function Redeeming(given: Given & { coded: Coded }) {
  const text = useText<typeof en>({ en, de })
  const { coded, concealed, evidence } = given
  const mine = useMine(coded)
  const { told, busy, send } = useRedeem(given, mine)
  const standing = told.failed ?? (mine && judge({ mine: mine.name, record: coded.record, said: told.said, asked: told.asked }))
  // Another's redemption that only evidence shows may still be met with the code.
  const over = standing && (told.said ?? ['first', 'mine'].includes(standing.outcome))
  const place = useRef<HTMLElement>(null)
  useEffect(() => {
    if (concealed) place.current?.scrollIntoView({ block: 'nearest' })
  }, [])
  return (
    <section id="redeem" class="panel" ref={place} data-redeem={standing?.outcome} data-by={standing?.by} aria-labelledby="redeem-title">
      <h2 id="redeem-title">{text.title}</h2>
      <div role="status">
        {standing && <Shown standing={standing} relay={standing.relay && nameOf(evidence.verdict.facts, standing.relay)} text={text} />}
      </div>
      {!over && <Form text={text} first={concealed} busy={busy} onSend={send} />}
      {mine && !mine.kept && <p class="quiet">{text.unkept}</p>}
    </section>
  )
}

interface FormGiven {
  text: Text
  first: string | undefined
  busy: boolean
  onSend: (code: Bytes) => void
}

/** Nothing is redeemed without a press of the button: a program that previews links would be the first. */
function Form({ text, first, busy, onSend }: FormGiven) {
  const [open, setOpen] = useState(Boolean(first))
  const [wrong, setWrong] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const submit = (e: Event) => {
    e.preventDefault()
    const code = parseCode((input.current?.value ?? '').trim())
    setWrong(!code)
    if (code) onSend(code)
    else input.current?.focus()
  }
  return (
    <>
      <p class="quiet">{first ? text.scanned : text.intro}</p>
      {open ? (
        <form onSubmit={submit}>
          <Field id="redeem-code" label={text.field} hint={text.hint} {...(wrong ? { error: text.malformed } : {})}>
            <input
              id="redeem-code"
              ref={input}
              class="code"
              defaultValue={first ?? ''}
              aria-describedby={described('redeem-code')}
              aria-invalid={wrong}
              autocomplete="off"
              autocapitalize="characters"
              spellcheck={false}
              enterkeyhint="go"
            />
          </Field>
          <Button id="redeem-send" type="submit" look="main" busy={busy}>
            {busy ? text.sending : text.send}
          </Button>
        </form>
      ) : (
        <Button id="redeem-open" onClick={() => setOpen(true)}>
          {text.field}
        </Button>
      )}
    </>
  )
}

const looks = { first: 'good', mine: 'good', other: 'bad', unused: 'plain', wrong: 'bad', cannot: 'warn' } as const

function Shown({ standing, relay, text }: { standing: Standing; relay: string | undefined; text: Text }) {
  const { outcome, by, at } = standing
  if (outcome === 'unused') return <p class="quiet">{text.unused}</p>
  return (
    <Notice look={looks[outcome]} title={text[outcome]}>
      <p>{saying(standing, at ? when(at) : '?', text)}</p>
      {relay && <p class="quiet small">{by === 'evidence' ? text.byEvidence(relay) : text.byServer(relay)}</p>}
    </Notice>
  )
}

function saying({ outcome, why }: Standing, at: string, text: Text): string {
  switch (outcome) {
    case 'first':
      return text.firstAct
    case 'mine':
      return text.mineAt(at)
    case 'other':
      return text.otherAt(at)
    case 'wrong':
      return text.wrongAct
    default:
      return `${whyOf(text, why)} ${text.cannotAct}`
  }
}

/** A server chooses its codes, but not among what the page says. */
function whyOf(text: Text, why = ''): string {
  const key = `why_${why}`
  const found = Object.hasOwn(text, key) ? text[key as keyof Text] : text.why_other
  return typeof found === 'string' ? found : text.why_other
}
