// The manufacturer's desk for exchanges 5 and 6: packs handed over, and what became of them.
import { useState } from 'preact/hooks'
import { post } from '../../api/api'
import { count, when } from '../../text/text'
import { Input } from '../../ui/Input'
import { useLoad, useSend } from '../../ui/load'
import { Shown } from '../../ui/Shown'
import type { Session } from '../screen'
import { anchor, every, members, messages } from './archive'
import { usable } from './batches'
import { Carried, open, useCarrying } from './carried'
import { Parcels } from './parcels'
import { Form, may, nameOf, Once, Pick, Sent, Who } from './parts'
import { packs } from './ranges'
import { knownOf } from './registrations'
import { Rows } from './rows'
import {
  type Batch,
  type Certificate,
  type Distribution,
  type Holding,
  type Member,
  type Message,
  type Registration,
  type SalesStatus,
  types,
} from './shapes'
import { type Line, offers, pick } from './stock'
import { type ManufacturerText, useManufacturerText } from './text.manufacturer'
import { statusName, useSharedText } from './text.shared'

interface Desk {
  members: Member[]
  stock: Holding[]
  batches: Batch[]
  certificates: Certificate[]
  sent: Message<Distribution>[]
  status: Message<SalesStatus>[]
  registered: Registration[]
}

async function desk(session: Session): Promise<Desk> {
  const handed = messages<Distribution>(types.distribution)
  const [m, stock, batches, certificates, sent, status, registered] = await Promise.all([
    members(),
    every<Holding>('/v1/stock'),
    every<Batch>('/v1/batches'),
    every<Certificate>('/v1/certificates'),
    handed,
    messages<SalesStatus>(types.sales, { status: 'received' }),
    open(session, handed),
  ])
  return { members: m, stock, batches, certificates, sent, status, registered }
}

/** Distributions shows packs handed to distributors with their sales status, and the form that hands over. */
export function Distributions({ session }: { session: Session }) {
  const found = useLoad(() => desk(session), [])
  const shared = useSharedText()
  const text = useManufacturerText()
  const [sent, setSent] = useState<Message>()
  return (
    <Shown of={found}>
      {(d) => (
        <>
          {may(session, 'distributions') && (
            <Once
              result={sent}
              show={(m) => <Sent message={m} then={found.again} />}
              another={shared.another}
              onAnother={() => setSent(undefined)}
            >
              {offers(d.stock, false).length > 0 ? (
                <Distribute session={session} desk={d} onSent={setSent} />
              ) : (
                <p class="quiet">{text.noStock}</p>
              )}
            </Once>
          )}
          <HandedOver desk={d} />
        </>
      )}
    </Shown>
  )
}

// What the receiver reads is data: it stays the same in every language.
const methods = (text: ManufacturerText): [string, string][] => [
  ['prescription', text.v_prescription],
  ['over the counter', text.v_counter],
  ['hospital only', text.v_hospital],
]

/** What is filled in of a hand-over. */
function useHandOver(session: Session, d: Desk, onSent: (m: Message) => void) {
  const own = usable(d.certificates, session.organisation.gln, new Date())
  const [v, set] = useState({ to: '', number: own[0]?.number ?? '', method: 'prescription', cost: '' })
  const [lines, setLines] = useState<Line[]>([{ batch: '', count: '' }])
  const [tried, setTried] = useState(false)
  const put = (k: keyof typeof v) => (value: string) => set({ ...v, [k]: value })
  const certificate = own.find((c) => c.number === v.number)
  // One message is under one certificate, and so are its batches.
  const there = offers(d.stock, false).filter((o) => d.batches.some((b) => b.id === o.batch && b.certificate === v.number))
  const carrying = useCarrying(d.registered, v.to)
  const picked = pick(lines, there, carrying.prefer)
  const parcels = picked.filter((p) => p !== undefined)
  const content = {
    certificate: v.number,
    sales_method: v.method,
    parcels,
    ...(v.cost ? { cost: v.cost } : {}),
    ...carrying.content(parcels),
  }
  const sending = useSend(
    (key) => post<Message>('/v1/distributions', { to: v.to, prev: certificate ? [certificate.decision] : [], content }, key),
    onSent,
  )
  const good = v.to !== '' && certificate !== undefined && v.method !== '' && parcels.length === lines.length
  return { v, put, own, certificate, carrying, lines, setLines, there, picked, parcels, tried, setTried, good, sending }
}

function Distribute({ session, desk: d, onSent }: { session: Session; desk: Desk; onSent: (m: Message) => void }) {
  const text = useManufacturerText()
  const shared = useSharedText()
  const { v, put, own, certificate, lines, setLines, there, picked, parcels, tried, ...over } = useHandOver(session, d, onSent)
  return (
    <Form
      id="distribute"
      title={text.distributeTitle}
      sending={over.sending}
      session={session}
      says={text.distributeSays(count(parcels.reduce((n, p) => n + packs(p.ranges), 0)), v.to ? nameOf(d.members, v.to) : '')}
      submit={text.distribute}
      good={over.good}
      onTry={() => over.setTried(true)}
    >
      <Who
        id="distribute-to"
        label={text.distributor}
        members={d.members}
        roles={['distributor']}
        not={session.organisation.gln}
        value={v.to}
        onValue={put('to')}
        wrong={tried && v.to === '' ? 'missing' : undefined}
      />
      <Pick
        id="distribute-certificate"
        label={shared.certificate}
        value={v.number}
        onValue={(number) => {
          put('number')(number)
          setLines([{ batch: '', count: '' }])
        }}
        options={own.map((c) => [c.number, `${c.name} ${c.strength} (${c.number})`])}
        wrong={tried && !certificate ? 'missing' : undefined}
      />
      <Parcels lines={lines} setLines={setLines} offers={there} picked={picked} tried={tried} />
      <Carried
        id="distribute-carried"
        all={d.registered}
        to={v.to}
        carrying={over.carrying}
        parcels={parcels}
        known={knownOf({ stock: d.stock, batches: d.batches })}
      />
      <Pick
        id="distribute-method"
        label={text.salesMethod}
        value={v.method}
        onValue={put('method')}
        options={methods(text)}
        wrong={tried && !v.method ? 'missing' : undefined}
      />
      <Input id="distribute-cost" label={text.cost} hint={text.costHint} value={v.cost} onValue={put('cost')} />
    </Form>
  )
}

function HandedOver({ desk: d }: { desk: Desk }) {
  const text = useManufacturerText()
  const shared = useSharedText()
  const statusOf = (m: Message) => d.status.find((s) => s.prev?.includes(anchor(m)))
  const told = (m: Message) =>
    statusOf(m)
      ?.content.counts?.map((c) => text.counts(count(c.received), count(c.sold), count(c.remaining), count(c.returned)))
      .join('; ')
  return (
    <Rows
      id="distributions"
      title={text.distributed}
      rows={d.sent}
      keyOf={(m) => m.id}
      columns={[
        { name: shared.batch, cell: (m) => m.content.parcels?.map((p) => p.lot).join(', ') },
        { name: shared.count, cell: (m) => count(m.content.parcels?.reduce((n, p) => n + packs(p.ranges), 0) ?? 0) },
        { name: shared.to, cell: (m) => nameOf(d.members, m.to) },
        { name: shared.at, cell: (m) => when(new Date(m.created)) },
        { name: shared.status, cell: (m) => statusName(shared, 'm', m.status) },
        { name: text.confirmed, cell: (m) => told(m) ?? <span class="quiet">{text.noConfirm}</span> },
      ]}
    />
  )
}
