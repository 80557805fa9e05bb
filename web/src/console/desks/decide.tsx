// How a drug administration answers a dossier.
import { useState } from 'preact/hooks'
import { post } from '../../api/api'
import { Input } from '../../ui/Input'
import { useSend } from '../../ui/load'
import type { Session } from '../screen'
import type { Dossier } from './dossiers'
import { text as checkText, day, iso, items, years } from './fields'
import { Form, Several } from './parts'
import type { Member, Message } from './shapes'
import { useAdministrationText } from './text.administration'
import { useSharedText, wrong } from './text.shared'

interface Given {
  session: Session
  dossier: Dossier
  to: string
  onSent: (m: Message) => void
}

const validYears = 5

/** Splits "Theriacin 500 mg" into name and strength, as products are mostly called. */
export function named(product: string): { name: string; strength: string } {
  const found = /^(.*?)\s+(\d[\d.,]*\s*(?:mg|g|µg|mcg|ml|iu|ie|%).*)$/i.exec(product.trim())
  return { name: found?.[1] ?? product, strength: found?.[2] ?? '' }
}

const texts = ['number', 'name', 'strength', 'form', 'substance', 'national_code'] as const

/** What is filled in of a certificate, and what is wrong with it. */
function useApproval(dossier: Dossier, onSent: (m: Message) => void) {
  const today = new Date()
  const [v, set] = useState({
    ...named(dossier.product),
    number: '',
    form: '',
    substance: '',
    national_code: '',
    markets: '',
    from: iso(today),
    until: iso(years(today, validYears)),
  })
  const [codes, setCodes] = useState(dossier.gtins ?? [])
  const [sites, setSites] = useState([dossier.from])
  const [tried, setTried] = useState(false)
  const put = (k: keyof typeof v) => (value: string) => set({ ...v, [k]: value })
  const markets = items(v.markets)
  const good = {
    texts: texts.every((k) => !checkText(v[k])),
    markets: markets.length > 0 && markets.every((m) => /^[A-Z]{2}$/.test(m)),
    sites: sites.length > 0,
    from: !day(v.from),
    until: !day(v.until) && v.until > v.from,
    codes: codes.length > 0,
  }
  const sending = useSend((key) => {
    const { from, until, ...rest } = v
    const body = {
      ...rest,
      markets: markets.toSorted(),
      sites,
      gtins: codes.toSorted(),
      valid_until: `${until}T00:00:00Z`,
      // From today means from now: midnight may be before the dossier came.
      ...(from === iso(new Date()) ? {} : { valid_from: `${from}T00:00:00Z` }),
    }
    return post<Message>(`/v1/dossiers/${encodeURIComponent(dossier.bc)}/approval`, body, key)
  }, onSent)
  return { v, put, codes, setCodes, sites, setSites, tried, setTried, good, sending }
}

/** Approve asks for a certificate, with what the dossier says already filled in. */
export function Approve({ session, dossier, to, members, onSent }: Given & { members: Member[] }) {
  const text = useAdministrationText()
  const approval = useApproval(dossier, onSent)
  const { codes, setCodes, sites, setSites, tried, setTried, good, sending } = approval
  return (
    <Form
      id="approve"
      title={text.approveTitle}
      sending={sending}
      session={session}
      says={text.approveSays(to)}
      submit={text.sign}
      good={Object.values(good).every((g) => g)}
      onTry={() => setTried(true)}
    >
      <Fields of={approval} />
      <Several
        id="approve-sites"
        legend={text.sites}
        options={members.filter((m) => m.status === 'active' && m.roles?.includes('manufacturer')).map((m) => [m.gln, m.name])}
        chosen={sites}
        onChosen={setSites}
        wrong={tried && !good.sites ? 'missing' : undefined}
      />
      <Several
        id="approve-codes"
        legend={text.codes}
        options={(dossier.gtins ?? []).map((g) => [g, g])}
        chosen={codes}
        onChosen={setCodes}
        wrong={tried && !good.codes ? 'missing' : undefined}
      />
    </Form>
  )
}

function Fields({ of: { v, put, tried, good } }: { of: ReturnType<typeof useApproval> }) {
  const text = useAdministrationText()
  const shared = useSharedText()
  const labels = {
    number: text.number,
    name: text.medicine,
    strength: text.strength,
    form: text.form,
    substance: text.substance,
    national_code: text.nationalCode,
  }
  return (
    <div class="columns">
      {texts.map((k) => (
        <Input
          key={k}
          id={`approve-${k}`}
          label={labels[k]}
          value={v[k]}
          onValue={put(k)}
          error={wrong(shared, tried ? checkText(v[k]) : undefined)}
        />
      ))}
      <Input
        id="approve-markets"
        label={text.markets}
        hint={text.marketsHint}
        value={v.markets}
        onValue={put('markets')}
        error={tried && !good.markets ? text.marketsWrong : ''}
      />
      <Input
        id="approve-from"
        type="date"
        label={text.from}
        value={v.from}
        onValue={put('from')}
        error={tried && !good.from ? shared.w_day : ''}
      />
      <Input
        id="approve-until"
        type="date"
        label={text.until}
        value={v.until}
        onValue={put('until')}
        error={tried && !good.until ? text.untilWrong : ''}
      />
    </div>
  )
}

/** Answer asks for the reasons of a refusal, or for a question. */
export function Answer({ session, dossier, to, decision, onSent }: Given & { decision: 'refused' | 'question' }) {
  const text = useAdministrationText()
  const shared = useSharedText()
  const [reasons, setReasons] = useState('')
  const [tried, setTried] = useState(false)
  const sending = useSend(
    (key) => post<Message>(`/v1/dossiers/${encodeURIComponent(dossier.bc)}/answer`, { decision, reasons: reasons.trim() }, key),
    onSent,
  )
  const asks = decision === 'question'
  const missing = reasons.trim() === ''
  return (
    <Form
      id="answer"
      title={asks ? text.askTitle : text.refuseTitle}
      sending={sending}
      session={session}
      says={asks ? text.askSays(to) : text.refuseSays(to)}
      submit={asks ? text.signQuestion : text.signRefusal}
      look={asks ? 'main' : 'danger'}
      good={!missing}
      onTry={() => setTried(true)}
    >
      <Input
        id="answer-reasons"
        label={asks ? text.question : text.reasons}
        lines={5}
        value={reasons}
        onValue={setReasons}
        error={wrong(shared, tried && missing ? 'missing' : undefined)}
      />
    </Form>
  )
}
