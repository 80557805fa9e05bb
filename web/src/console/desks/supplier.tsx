// The supplier's desk: requests for material, and supplies that answer them.
import { useState } from 'preact/hooks'
import { post } from '../../api/api'
import { when } from '../../text/text'
import { Button } from '../../ui/Button'
import { Facts } from '../../ui/Facts'
import { described, Field } from '../../ui/Field'
import { Input } from '../../ui/Input'
import { useLoad, useSend } from '../../ui/load'
import { Shown } from '../../ui/Shown'
import { href } from '../route'
import type { Session } from '../screen'
import { anchor, members, messages } from './archive'
import { Carried, open, useCarrying } from './carried'
import { text as checkText, day, gtin, lot, type Wrong } from './fields'
import { digest } from './files'
import { Form, may, nameOf, Once, Sent } from './parts'
import { Rows } from './rows'
import { type MaterialRequest, type MaterialSupply, type Member, type Message, type Registration, types } from './shapes'
import { statusName, useSharedText, wrong } from './text.shared'
import { useSupplierText } from './text.supplier'

interface Desk {
  members: Member[]
  requests: Message<MaterialRequest>[]
  supplies: Message<MaterialSupply>[]
  registered: Registration[]
}

async function desk(session: Session): Promise<Desk> {
  const sent = messages<MaterialSupply>(types.supply)
  const [m, requests, supplies, registered] = await Promise.all([
    members(),
    messages<MaterialRequest>(types.request, { status: 'received' }),
    sent,
    open(session, sent),
  ])
  return { members: m, requests, supplies, registered }
}

/** Requests shows what was asked for; one of them with the form that answers it. */
export function Requests({ session, rest }: { session: Session; rest: string }) {
  const found = useLoad(() => desk(session), [])
  return (
    <Shown of={found}>{(d) => (rest ? <Request session={session} desk={d} bc={rest} again={found.again} /> : <Asked desk={d} />)}</Shown>
  )
}

const answered = (d: Desk, m: Message): boolean => d.supplies.some((s) => s.prev?.includes(anchor(m)) && s.status !== 'refused')

function Asked({ desk: d }: { desk: Desk }) {
  const text = useSupplierText()
  const shared = useSharedText()
  return (
    <>
      <Rows
        id="requests"
        title={text.requests}
        rows={d.requests}
        keyOf={(m) => m.id}
        columns={[
          { name: shared.material, cell: (m) => <a href={href('requests', anchor(m))}>{m.content.material}</a> },
          { name: text.wantedFor, cell: (m) => m.content.product },
          { name: shared.quantity, cell: (m) => m.content.quantity },
          { name: shared.from, cell: (m) => nameOf(d.members, m.from) },
          { name: shared.at, cell: (m) => when(new Date(m.created)) },
          { name: shared.status, cell: (m) => (answered(d, m) ? text.answered : <strong>{text.open}</strong>) },
        ]}
      />
      <Rows
        id="supplies"
        title={text.supplies}
        rows={d.supplies}
        keyOf={(m) => m.id}
        columns={[
          { name: shared.material, cell: (m) => m.content.material },
          { name: text.lots, cell: (m) => m.content.lots?.map((l) => l.lot).join(', ') },
          { name: shared.quantity, cell: (m) => m.content.quantity },
          { name: shared.to, cell: (m) => nameOf(d.members, m.to) },
          { name: shared.at, cell: (m) => when(new Date(m.created)) },
          { name: shared.status, cell: (m) => statusName(shared, 'm', m.status) },
        ]}
      />
    </>
  )
}

function Request({ session, desk: d, bc, again }: { session: Session; desk: Desk; bc: string; again: () => void }) {
  const text = useSupplierText()
  const shared = useSharedText()
  const [sent, setSent] = useState<Message>()
  const request = d.requests.find((m) => anchor(m) === bc)
  return (
    <>
      <p>
        <a href={href('requests')}>{shared.back}</a>
      </p>
      {!request && <p>{text.unknown}</p>}
      {request && (
        <section class="panel" aria-label={text.requests}>
          <Facts
            of={[
              [shared.material, request.content.material],
              [text.wantedFor, request.content.product],
              [shared.quantity, request.content.quantity],
              [shared.from, nameOf(d.members, request.from)],
              [shared.at, when(new Date(request.created))],
              [shared.case, request.case],
            ]}
          />
        </section>
      )}
      {request && !may(session, 'material-supplies') && <p>{shared.notPermitted}</p>}
      {request && may(session, 'material-supplies') && (
        <Once result={sent} show={(m) => <Sent message={m} then={again} />} another={shared.another} onAnother={() => setSent(undefined)}>
          <Supply session={session} request={request} registered={d.registered} to={nameOf(d.members, request.from)} onSent={setSent} />
        </Once>
      )}
    </>
  )
}

/** A Lot is a row of the form. */
interface Lot {
  gtin: string
  lot: string
  produced: string
  analysis: string
}

const empty: Lot = { gtin: '', lot: '', produced: '', analysis: '' }
const maxLots = 64

/** What is filled in of a supply. */
function useSupply({ request, registered, onSent }: SupplyGiven) {
  const [material, setMaterial] = useState(request.content.material ?? '')
  const [quantity, setQuantity] = useState(request.content.quantity ?? '')
  const [lots, setLots] = useState<Lot[]>([empty])
  const [tried, setTried] = useState(false)
  const put = (i: number, change: Partial<Lot>) => setLots((all) => all.map((l, j) => (j === i ? { ...l, ...change } : l)))
  const carrying = useCarrying(registered, request.from)
  const named = lots.map((l) => ({ ...l, gtin: gtin(l.gtin) ?? '' }))
  const sending = useSend(
    (key) =>
      post<Message>(
        '/v1/material-supplies',
        {
          to: request.from,
          prev: [anchor(request)],
          content: { material, quantity, lots: named, ...carrying.content([], named) },
        },
        key,
      ),
    onSent,
  )
  return { material, setMaterial, quantity, setQuantity, lots, setLots, put, tried, setTried, sending, carrying, named }
}

interface SupplyGiven {
  session: Session
  request: Message<MaterialRequest>
  registered: Registration[]
  to: string
  onSent: (m: Message) => void
}

function Supply(given: SupplyGiven) {
  const { session, request, registered, to } = given
  const text = useSupplierText()
  const shared = useSharedText()
  const { material, setMaterial, quantity, setQuantity, lots, setLots, put, tried, setTried, sending, ...supply } = useSupply(given)
  return (
    <Form
      id="supply"
      title={text.supplyTitle}
      sending={sending}
      session={session}
      says={text.supplySays(to)}
      submit={text.submit}
      good={!checkText(material) && lots.every((l) => !wrongIn(l))}
      onTry={() => setTried(true)}
    >
      <Input
        id="supply-material"
        label={shared.material}
        value={material}
        onValue={setMaterial}
        error={wrong(shared, tried ? checkText(material) : undefined)}
      />
      <Input id="supply-quantity" label={shared.quantity} hint={text.quantityHint} value={quantity} onValue={setQuantity} />
      {lots.map((l, i) => (
        <LotFields
          key={i}
          n={i}
          lot={l}
          tried={tried}
          put={(c) => put(i, c)}
          {...(lots.length > 1 ? { remove: () => setLots(lots.toSpliced(i, 1)) } : {})}
        />
      ))}
      <Carried
        id="supply-carried"
        all={registered}
        to={request.from}
        carrying={supply.carrying}
        parcels={[]}
        lots={supply.named}
        known={new Map()}
      />
      {lots.length < maxLots && (
        <div class="row">
          <Button onClick={() => setLots([...lots, empty])}>{text.addLot}</Button>
        </div>
      )}
    </Form>
  )
}

function wrongIn(l: Lot): { [K in keyof Lot]?: Wrong } | undefined {
  const w: { [K in keyof Lot]?: Wrong } = {}
  if (!gtin(l.gtin)) w.gtin = l.gtin ? 'gtin' : 'missing'
  const wrongLot = lot(l.lot)
  if (wrongLot) w.lot = wrongLot
  const wrongDay = day(l.produced)
  if (wrongDay) w.produced = wrongDay
  if (!l.analysis) w.analysis = 'missing'
  return Object.keys(w).length > 0 ? w : undefined
}

function LotFields({
  n,
  lot: l,
  tried,
  put,
  remove,
}: {
  n: number
  lot: Lot
  tried: boolean
  put: (c: Partial<Lot>) => void
  remove?: () => void
}) {
  const text = useSupplierText()
  const shared = useSharedText()
  const id = `lot-${n}`
  const w = (tried && wrongIn(l)) || {}
  return (
    <fieldset class="stack group">
      <legend>{text.lotNumber(n + 1)}</legend>
      <Input id={`${id}-gtin`} label={shared.gtin} value={l.gtin} onValue={(v) => put({ gtin: v })} error={wrong(shared, w.gtin)} />
      <Input id={`${id}-lot`} label={shared.lot} value={l.lot} onValue={(v) => put({ lot: v })} error={wrong(shared, w.lot)} />
      <Input
        id={`${id}-produced`}
        label={text.produced}
        type="date"
        value={l.produced}
        onValue={(v) => put({ produced: v })}
        error={wrong(shared, w.produced)}
      />
      <Field id={`${id}-analysis`} label={text.analysis} hint={text.analysisHint} error={wrong(shared, w.analysis)}>
        <input
          id={`${id}-analysis`}
          type="file"
          aria-describedby={described(`${id}-analysis`)}
          aria-invalid={w.analysis ? 'true' : undefined}
          onChange={(e) => {
            const file = e.currentTarget.files?.[0]
            put({ analysis: '' })
            if (file) void digest(file).then((analysis) => put({ analysis }))
          }}
        />
      </Field>
      {l.analysis && <p class="quiet digest">{text.fingerprint(l.analysis)}</p>}
      {remove && (
        <div class="row">
          <Button onClick={remove}>{text.removeLot(n + 1)}</Button>
        </div>
      )}
    </fieldset>
  )
}
